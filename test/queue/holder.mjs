// Takes a run, says so, and holds it until it is killed; says so if it loses it.
import { WorkerSession } from "../../dist/queue/worker-session.js";

const [, , address = "", machine = ""] = process.argv;
const session = await WorkerSession.open(address, {
  machine,
  onWake: () => undefined,
  onLost: ({ plan }) => void process.send?.({ lost: plan }),
});
process.send?.(await session.take("runs", []));
