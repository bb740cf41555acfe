// A process that appends to a log for as long as it lives, three entries at once, and says of each when it is published: its name and index.
//
//     node append.mjs FOLDER HOME VKEY NAME [ENTRIES]
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { argv } from "node:process";
import { parseNoteKey } from "../../dist/core/keys/note.js";
import { LogKeys } from "../../dist/keystore/log-keys.js";
import { nodeEngine } from "../../dist/node/engine.js";
import { Directory } from "../../dist/store/directory.js";
import { LogWriter } from "../../dist/store/log-writer.js";

const AT_ONCE = 3;
const [folder = "", home = "", vkey = "", name = "", count = "Infinity"] = argv.slice(2);
const signer = new LogKeys(home, nodeEngine, {}).find(parseNoteKey(vkey, nodeEngine));
if (signer === undefined) throw new Error("the key is not there");

/** @type {(text: string) => string} */
const digest = (text) => createHash("sha256").update(text).digest("hex");

/** @type {(one: string) => import("../../dist/core/log/entry.js").LogEntry} */
const leaf = (one) => ({
  kind: "result",
  payload: digest(`payload ${one}`),
  signature: digest(`signature ${one}`),
  keyid: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
  at: "2026-03-01T10:00:00.000Z",
  verdict: "VALIDATED",
});

const writer = new LogWriter(new Directory(folder), "log", signer, nodeEngine, (entry) =>
  "payload" in entry ? `${entry.payload.slice(0, 16)}.tlog-proof` : undefined,
);
writeSync(1, "ready\n");
for (let at = 0; at < Number(count); at += AT_ONCE) {
  const names = Array.from({ length: Math.min(AT_ONCE, Number(count) - at) }, (_, one) => `${name}-${at + one}`);
  await Promise.all(
    names.map(async (one) => {
      const { index } = await writer.append(leaf(one));
      writeSync(1, `${one} ${index}\n`);
    }),
  );
}
