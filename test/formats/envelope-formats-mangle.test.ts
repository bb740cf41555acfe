/** Every byte changed and every end cut off, of the formats that core does not read: no pass, no crash, no other payload. */
import { describe, expect, test } from "vitest";
import { equal, type Bytes } from "../../src/core/bytes.js";
import type { Engine } from "../../src/core/engine.js";
import { message, PAYLOAD_TYPE, type Envelope } from "../../src/core/statement/envelope.js";
import { engine, look, yours } from "../core/looking.js";
import { signed, signer, statement } from "../core/making.js";
import { ENVELOPES } from "./envelope-samples.js";

const me = signer();
/** As little as a result may hold. */
const made = signed(
  statement({
    subject: [{ digest: { sha256: "aa".repeat(32) } }],
    predicate: {
      url: undefined,
      configuration: [],
      passedTests: ["a"],
      warnedTests: [],
      f3: {
        title: "caf\u00e9",
        hypothesis: "b",
        summary: "",
        sections: [],
        notChecked: [],
        evidence: [],
        relations: [],
        checks: [{ id: "a", claim: "b", required: true, outcome: "passed", expected: "", observed: "" }],
        run: { command: undefined, exitCode: undefined },
      },
    },
  }),
  [me],
);

/** Ed25519 as one wishes it to be, and quick. */
const ideal: Engine = {
  name: "ideal",
  sha256: (bytes) => engine.sha256(bytes),
  verify: (key, bytes, sig) =>
    equal(key, me.key.bytes) &&
    equal(bytes, message(PAYLOAD_TYPE, made.payloadBytes)) &&
    equal(sig, made.signatures[0]!.sig),
};

function* mangled(file: Bytes): Generator<Bytes> {
  for (const mask of [0x01, 0x20, 0x80]) {
    for (let at = 0; at < file.length; at += 1) {
      const copy = file.slice();
      copy[at]! ^= mask;
      yield copy;
    }
  }
  for (let length = 0; length < file.length; length += 1) yield file.slice(0, length);
  for (const byte of [0x00, 0x0a]) yield Uint8Array.of(...file, byte);
}

describe.each(ENVELOPES.filter(({ format }) => format !== "readable" && format !== "dsse"))(
  "$format",
  ({ format, write, parse }) => {
    test("passes as it is, and in no other way but without, or with one more, line feed at the end of JSON", () => {
      const file = write(made, me.key);
      const passed: Bytes[] = [];
      let wellFormed = 0;
      for (const bytes of [file, ...mangled(file)]) {
        let read: Envelope | undefined;
        const { outcome } = look(bytes, [yours(me)], { engine: ideal, parse: (given) => (read = parse(given)) });
        if (outcome === "accepted") passed.push(bytes);
        if (outcome === "accepted") expect(read).toEqual({ ...made, format });
        if (read !== undefined) wellFormed += 1; // but for three, refused for their signatures alone
      }
      const json = format === "sigstore" ? [file.slice(0, -1), Uint8Array.of(...file, 0x0a)] : [];
      expect(passed).toEqual([file, ...json]);
      expect(wellFormed).toBeGreaterThan(50);
    });
  },
);
