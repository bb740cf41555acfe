// npm run bench: what hashing evidence costs beside node:crypto and sha256sum, and what an audit of a large registry takes and holds.
//
// Hashing: the same files, in turns; of each the fastest round counts. createHash reads each file whole and hashes it in one call. On a
// machine whose sha256sum uses the processor's own instructions, beside it there is little to gain.
// The audit runs in processes of its own, over a tenth of the registry and over all of it: its memory is flat where the two are alike.
//
//     node bench/audit.mjs [attestations] [rounds]
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../dist/core/statement/envelope.js";
import { canonical, readable } from "../dist/core/json.js";
import { publicKey } from "../dist/core/keys/key.js";
import { formatKeyring } from "../dist/core/keys/keyring.js";
import { draft, identify } from "../dist/core/statement/statement.js";
import { nodeEngine } from "../dist/node/engine.js";
import { digestOf, realFolder } from "../dist/node/files.js";

const PIECES = 10;
const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const AT = "2026-03-01T10:00:00Z";

function hashing() {
  const small = written("small", 20_000, 4096);
  const large = written("large", 1, 512 * 1024 * 1024);
  for (const { title, folder, files } of [
    { title: "20,000 files of 4 KiB", ...small },
    { title: "one file of 512 MiB", ...large },
  ]) {
    const real = realFolder(folder);
    const [ours = NaN, oneShot = NaN, sum = NaN] = inTurns([
      () => files.forEach((file) => digestOf(file, real)),
      () => files.forEach((file) => createHash("sha256").update(readFileSync(file)).digest("hex")),
      () => execFileSync("sh", ["-c", 'cd "$1" && ls | xargs sha256sum > /dev/null', "sh", folder]),
    ]);
    say(`hashing ${title}, kept within its folder`);
    row("attest", ours, "");
    row("createHash, one call each", oneShot, `attest is ${(oneShot / ours).toFixed(2)} × as fast`);
    row("sha256sum", sum, `attest is ${(sum / ours).toFixed(2)} × as fast`);
    say("");
  }
}

function auditing() {
  say(`attest audit --offline, ${PIECES} pieces of evidence for each attestation`);
  for (const count of [attestations / 10, attestations]) {
    const registry = join(place, `registry-${count}`);
    publish(registry, count);
    const began = performance.now();
    const { code, rss } = audited(registry);
    const seconds = (performance.now() - began) / 1000;
    say(
      `  ${String(count).padStart(6)} attestations  ${seconds.toFixed(1)} s  ${(count / seconds).toFixed(0)} a second  ${(rss / 1024).toFixed(0)} MiB at most  exit ${code}`,
    );
  }
}

/** The largest resident set, in KiB, as the process itself is told at its end. @type {(registry: string) => { code: number, rss: number }} */
function audited(registry) {
  const told = join(place, "rss");
  const watch = `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(told)}, String(process.resourceUsage().maxRSS)))`;
  const hook = join(place, "watch.cjs");
  writeFileSync(hook, watch);
  let code = 0;
  try {
    execFileSync(process.execPath, ["--require", hook, MAIN, "audit", registry, "--offline", "--json"], {
      maxBuffer: 2 ** 30,
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, XDG_STATE_HOME: join(place, "state"), F3_ATTEST_HOME: join(place, "home") },
    });
  } catch (error) {
    code = /** @type {{ status: number }} */ (error).status;
  }
  return { code, rss: Number(readFileSync(told, "utf8")) };
}

/** A registry as others would have written it: without a log, each file at once. @type {(folder: string, count: number) => void} */
function publish(folder, count) {
  const { privateKey, publicKey: pair } = generateKeyPairSync("ed25519");
  const key = publicKey(new Uint8Array(Buffer.from(pair.export({ format: "jwk" }).x ?? "", "base64url")), nodeEngine);
  write(join(folder, "attest.json"), readable({ origin: "example.org/bench", title: "Bench" }));
  write(
    join(folder, "keys/keyring.json"),
    formatKeyring({ signers: [{ name: "bench", key, validFrom: AT }], logs: [], witnesses: [] }),
  );
  for (let at = 0; at < count; at += 1) {
    const evidence = Array.from({ length: PIECES }, (_, piece) => {
      const bytes = new Uint8Array(Buffer.from(`${at} ${piece}\n`.repeat(100)));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      write(join(folder, "attestations/evidence/sha256", sha256.slice(0, 2), sha256), bytes);
      return {
        name: `${piece}.txt`,
        role: "output",
        digest: { sha256 },
        size: bytes.length,
        sourceDateKind: "unknown",
      };
    });
    const made = draft(/** @type {never} */ (statement(at, evidence)));
    const payload = /** @type {never} */ ({
      ...made,
      predicate: { ...made.predicate, f3: { ...made.predicate.f3, signedAt: AT } },
    });
    const bytes = canonical(payload);
    const sig = new Uint8Array(sign(null, message(PAYLOAD_TYPE, bytes), privateKey));
    const signatures = [{ keyid: key.keyid, sig }];
    const { id } = identify(bytes, nodeEngine);
    write(join(folder, `attestations/${id}.json`), formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures }));
  }
}

/** @type {(at: number, evidence: unknown[]) => unknown} */
const statement = (at, evidence) => ({
  subject: [{ name: "thing", digest: { sha256: createHash("sha256").update(String(at)).digest("hex") } }],
  configuration: [],
  f3: {
    title: `Run ${at}`,
    hypothesis: `Run ${at} succeeds.`,
    summary: "It did.",
    sections: [],
    notChecked: [],
    checks: [{ id: "runs", claim: "It runs.", required: true, outcome: "passed", expected: "so", observed: "so" }],
    evidence,
    relations: [],
    run: { startedAt: AT, finishedAt: AT, environment: {} },
  },
});

/** @type {(name: string, count: number, size: number) => { folder: string, files: string[] }} */
function written(name, count, size) {
  const folder = join(place, name);
  for (let at = 0; at < count; at += 1) write(join(folder, String(at)), new Uint8Array(size).fill(at));
  return { folder, files: readdirSync(folder).map((file) => join(folder, file)) };
}

/** @type {(path: string, bytes: Uint8Array) => void} */
function write(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** @type {(works: (() => unknown)[]) => number[]} */
function inTurns(works) {
  const times = works.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round += 1)
    for (const [at, work] of works.entries()) {
      const began = performance.now();
      work();
      times[at]?.push(performance.now() - began);
    }
  return times.map((all) => Math.min(...all));
}

/** @type {(name: string, ms: number, note: string) => void} */
function row(name, ms, note) {
  say(`  ${name.padEnd(28)} ${ms.toFixed(0).padStart(6)} ms  ${note}`);
}

/** @type {(line: string) => void} */
function say(line) {
  process.stdout.write(`${line}\n`);
}

const [attestations = 10_000, rounds = 5] = process.argv.slice(2).map(Number);
const place = mkdtempSync(join(tmpdir(), "attest-bench-"));
try {
  say(`node ${process.version}, ${cpus().length} processors`);
  say("");
  hashing();
  auditing();
} finally {
  rmSync(place, { recursive: true, force: true });
}
