// Takes a run, says so, and holds it until it is killed.
import { WorkerSession } from "../../dist/queue/worker-session.js";

const [, , address = "", machine = ""] = process.argv;
const session = await WorkerSession.open(address, { machine, onWake: () => undefined, onLost: () => undefined });
process.send?.(await session.take("runs", []));
