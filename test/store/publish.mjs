// A writer of its own: publishes COUNT small attestations, numbered from FIRST, into the registry FOLDER. Run by registry.test.ts.
import { argv } from "node:process";
import { nodeEngine } from "../../dist/node/engine.js";
import { formatEnvelope, PAYLOAD_TYPE } from "../../dist/core/statement/envelope.js";
import { canonical } from "../../dist/core/json.js";
import { identify } from "../../dist/core/statement/statement.js";
import { Directory } from "../../dist/store/directory.js";
import { Registry } from "../../dist/store/registry.js";

const [folder = "", first = "0", count = "0"] = argv.slice(2);
const registry = await Registry.open(new Directory(folder), nodeEngine);
for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
  const payload = { number };
  const { id } = identify(canonical(payload), nodeEngine);
  const bytes = formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures: [] });
  await registry.publish({ id, bytes, evidence: new Map([["ab".repeat(32), new TextEncoder().encode("shared")]]) });
}
