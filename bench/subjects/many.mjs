/**
 * A whole registry: `attest verify DIR` as a person starts it, on one processor and on two, beside programs that check one signature each time
 * they are started. Those are started for some hundred files; each costs the same.
 */
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { formatKey } from "../../dist/core/keys/key.js";
import { message, PAYLOAD_TYPE } from "../../dist/core/statement/envelope.js";
import { attestation, secretOf } from "../attestations.mjs";
import { median } from "../measure.mjs";
import { isInstalled, MAIN, withNode } from "../processes.mjs";
import { registryOf } from "../registry.mjs";
import { counted } from "../subject.mjs";

/** @typedef {import("../processes.mjs").Ran} Ran */

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(10_000, 30, 100_000);
/** The fewest that are verified on all processors, where the memory of a start alone does not decide. @type {(sizes: import("../subject.mjs").Sizes) => number} */
const smallOf = ({ pick }) => pick(1_000, 10, 1_000);

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "many",
  rows: (sizes) => {
    const all = counted(sizeOf(sizes));
    return [
      { id: "many-cores", what: `${all} attestations, two cores`, against: "one core", holds: "at least", target: 1.8 },
      {
        id: "many-minisign",
        what: `${all} attestations`,
        against: "minisign -V once per file",
        holds: "at least",
        target: 10,
      },
      {
        id: "many-openssl",
        what: `${all} attestations`,
        against: "openssl pkeyutl once per file",
        holds: "at least",
        target: 10,
      },
      {
        id: "many-signature",
        what: `a document of ${all}, two cores`,
        against: "the bare signature check, one core",
        holds: "at least",
        target: 0.6,
        stretch: 1,
      },
      {
        id: "many-memory",
        what: `peak memory verifying ${all}`,
        against: `verifying ${counted(smallOf(sizes))}`,
        holds: "at most",
        target: 1.3,
      },
    ];
  },
  async *run(bench) {
    const count = sizeOf(bench);
    const large = await registryOf({ count });
    const small = await registryOf({ count: smallOf(bench) });
    const pinning = cpus().length > 1 && isInstalled("taskset");
    /** @type {{ readonly two: Ran, readonly one: Ran | undefined, readonly few: Ran }[]} */
    const turns = withNode((start) => {
      /** @type {(made: typeof large, processors?: string) => import("../processes.mjs").Ran} */
      const verified = ({ folder, secret }, processors) => {
        const under = pinning && processors !== undefined ? ["taskset", "-c", processors] : [];
        const ran = start([MAIN, "verify", folder, "--key", formatKey(secret.key, "bench")], under);
        if (ran.status !== 0) throw new Error(`attest verify ended with ${String(ran.status)}`);
        return ran;
      };
      verified(small);
      return Array.from({ length: bench.pick(3, 1) }, () => ({
        two: verified(large, "0,1"),
        one: pinning ? verified(large, "0") : undefined,
        few: verified(small, "0,1"),
      }));
    });
    const each = turns.map(({ two }) => two.wall / count);
    const facts = { "documents a second": Math.round(1000 / median(each)) };
    const ones = turns.flatMap(({ one, two }) => (one === undefined ? [] : one.wall / two.wall));
    yield [
      "many-cores",
      ones.length > 0 ? { ratios: ones, facts } : { skipped: "taskset and two processors are needed" },
    ];
    for (const [id, theirs] of /** @type {const} */ ([
      ["many-minisign", minisign],
      ["many-openssl", openssl],
    ])) {
      const ms = theirs(bench.place, bench.pick(200, 3));
      yield [
        id,
        "skipped" in ms
          ? ms
          : { ratios: each.map((ours) => ms.each / ours), facts: { "ms of theirs": Number(ms.each.toFixed(2)) } },
      ];
    }
    yield ["many-signature", { ratios: each.map((ours) => bare(bench.pick(20_000, 20)) / ours) }];
    const mebibytes = median(turns.map(({ two }) => two.rss)) / 2 ** 20;
    yield [
      "many-memory",
      { ratios: turns.map(({ two, few }) => two.rss / few.rss), facts: { MiB: Math.round(mebibytes) } },
    ];
  },
};

/** Milliseconds of a check. @type {(checks: number) => number} */
function bare(checks) {
  const secret = secretOf();
  const { payloadBytes, sig } = attestation(secret);
  const signed = message(PAYLOAD_TYPE, payloadBytes);
  const key = createPublicKey(createPrivateKey(secret.pem));
  const began = performance.now();
  for (let at = 0; at < checks; at += 1) verify(null, signed, key, sig);
  return (performance.now() - began) / checks;
}

/** @typedef {{ readonly each: number } | { readonly skipped: string }} Theirs milliseconds */

/** @type {(place: string, times: number) => Theirs} */
function minisign(place, times) {
  if (!isInstalled("minisign")) return { skipped: "minisign is not installed" };
  const file = written(place, "minisign.txt");
  const [pub, secret] = [join(place, "minisign.pub"), join(place, "minisign.key")];
  run(place, "minisign", ["-G", "-W", "-f", "-p", pub, "-s", secret]);
  run(place, "minisign", ["-S", "-s", secret, "-m", file]);
  return again(place, times, "minisign", ["-Vqm", file, "-p", pub]);
}

/** @type {(place: string, times: number) => Theirs} */
function openssl(place, times) {
  if (!isInstalled("openssl")) return { skipped: "openssl is not installed" };
  const file = written(place, "openssl.txt");
  const [pub, signature] = [join(place, "openssl.pem"), join(place, "openssl.sig")];
  const secret = createPrivateKey(secretOf().pem);
  writeFileSync(pub, createPublicKey(secret).export({ format: "pem", type: "spki" }));
  writeFileSync(signature, sign(null, TEXT, secret));
  const words = ["pkeyutl", "-verify", "-pubin", "-inkey", pub, "-rawin", "-in", file, "-sigfile", signature];
  return again(place, times, "openssl", words);
}

const TEXT = Buffer.alloc(2048, "a message of two KiB, ");

/** @type {(place: string, name: string) => string} */
function written(place, name) {
  writeFileSync(join(place, name), TEXT);
  return join(place, name);
}

/** In one shell, so that starting costs what a script pays. @type {(place: string, times: number, program: string, words: readonly string[]) => Theirs} */
function again(place, times, program, words) {
  const script = 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@" > /dev/null || exit 1; n=$((n - 1)); done';
  const began = performance.now();
  run(place, "sh", ["-c", script, "sh", String(times), program, ...words]);
  return { each: (performance.now() - began) / times };
}

/** @type {(place: string, program: string, words: readonly string[]) => void} */
function run(place, program, words) {
  execFileSync(program, [...words], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"], HOME: place },
  });
}
