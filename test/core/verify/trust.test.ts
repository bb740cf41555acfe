/** By whom a key is known, and for when: only you confer trust, and any list can take it away. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../src/cli/exit-status.js";
import type { Code } from "../../../src/core/codes.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { check, faults, look, marks, sites, yours } from "../looking.js";
import { sealed, signer, statement } from "../making.js";

const me = signer();
const other = signer();

describe("trust: by whom the key is known, and for when", () => {
  const file = sealed(statement(), me);

  test.each<[string, TrustedKey[], Code | "ok", string, number]>([
    ["a key of yours", [yours(me)], "ok", "confirmed-by-you", 0],
    ["a key of yours that the site lists too", [sites(me), yours(me)], "ok", "confirmed-by-you", 0],
    ["a key that only the site lists", [sites(me)], "key-registry-only", "registry-only", 3],
    ["listed from a later day", [sites(me, { validFrom: "2026-03-01T10:00:03.001Z" })], "key-retired", "retired", 3],
    ["listed to an earlier day", [sites(me, { validUntil: "2026-03-01T10:00:02.999Z" })], "key-retired", "retired", 3],
    [
      "signed at the first instant",
      [sites(me, { validFrom: "2026-03-01T10:00:03Z" }), yours(me)],
      "ok",
      "confirmed-by-you",
      0,
    ],
    [
      "signed at the last instant",
      [sites(me, { validUntil: "2026-03-01T10:00:03Z" }), yours(me)],
      "ok",
      "confirmed-by-you",
      0,
    ],
    [
      "the site takes away what you confirmed: retired",
      [yours(me), sites(me, { validUntil: "2026-02-01T00:00:00Z" })],
      "key-retired",
      "retired",
      3,
    ],
    [
      "the site takes away what you confirmed: revoked, though later than the signature",
      [yours(me), sites(me, { revoked: { at: "2026-04-01T00:00:00Z", reason: "lost" } })],
      "key-revoked-unproven",
      "revoked",
      3,
    ],
    [
      "revoked in one list of two",
      [
        sites(me),
        {
          ...yours(me),
          entry: {
            name: "mine",
            key: me.key,
            validFrom: "2026-01-01T00:00:00Z",
            revoked: { at: "2026-01-02T00:00:00Z", reason: "" },
          },
        },
      ],
      "key-revoked",
      "revoked",
      3,
    ],
    [
      "revoked and retired",
      [sites(me, { validUntil: "2026-02-01T00:00:00Z", revoked: { at: "2026-04-01T00:00:00Z", reason: "" } })],
      "key-revoked-unproven",
      "revoked",
      3,
    ],
  ])("%s", (_, keys, code, trust, exit) => {
    const report = look(file, keys);
    expect(report).toMatchObject({ signature: "ok", trust });
    expect(EXIT[report.outcome]).toBe(exit);
    // Known from the place that serves the document, the key is not confirmed, and not refuted either.
    const status = code === "ok" ? "passed" : code === "key-registry-only" ? "not-checked" : "failed";
    expect(check(report, "trust")).toMatchObject({ code, status });
    // The signature is good all the same, so what it signed may be shown.
    expect(report.verdict).toBe("VALIDATED");
  });

  const note = "kept in the desk";
  const signed = { keyid: me.key.keyid, owner: me.key.keyid, signature: "ok" };

  test("the report names the source, and what that source says of the key", () => {
    const { signers } = look(file, [sites(me, { note })]);
    expect(signers).toEqual([
      { ...signed, trust: "registry-only", source: "the registry's keyring", name: "lab", note },
    ]);
  });

  test("a site cannot name a key that you confirmed: it could call it anybody", () => {
    const { signers } = look(file, [yours(me), sites(me, { note })]);
    expect(signers).toEqual([{ ...signed, trust: "confirmed-by-you", source: "--key" }]);
  });

  test("whoever takes trust away is heard", () => {
    const { signers } = look(file, [
      yours(me),
      sites(me, { note, revoked: { at: "2026-01-02T00:00:00Z", reason: "lost" } }),
    ]);
    const revoked = { at: "2026-01-02T00:00:00Z", reason: "lost" };
    const claimed = "2026-03-01T10:00:03Z";
    expect(signers).toEqual([{ ...signed, trust: "revoked", source: "--key", note, revoked, claimed }]);
  });

  test.each<[string, TrustedKey[]]>([
    ["no key", []],
    ["another key", [yours(other)]],
    ["another key of the site", [sites(other)]],
  ])("%s at hand: not checked", (_, keys) => {
    const report = look(file, keys);
    expect(report).toMatchObject({
      signature: "not-checked",
      outcome: "untrusted",
      signers: [{ keyid: me.key.keyid, signature: "not-checked", trust: "unknown" }],
    });
    expect(faults(report)).toEqual([["signature", "key-unknown"]]);
    expect(marks(report)).toBe("+++.............");
  });
});
