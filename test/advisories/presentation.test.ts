/**
 * What other viewers showed for more than it was. Each text of a hostile document is looked at where it is shown:
 *
 *     CVE-2026-48815 sigstore-js (an option that is accepted and dropped)   test/cli/options.test.ts
 *     peer#34 (terminal escapes and bidi on the command line)               test/cli/terminal.test.ts, test/view/printable.test.ts
 *     peer#34 (scripts, links and bidi on the page and the site)            test/web/attack.test.ts
 */
import { describe, expect, test } from "vitest";
import { CHECK_NAMES } from "../../src/core/verify/report.js";
import { stepsView } from "../../src/view/report.js";
import { textLines } from "../../src/view/text.js";
import { headlineOf } from "../../src/view/headline.js";
import { look, sites, yours } from "../core/looking.js";
import { result, sealed, signer } from "../core/making.js";
import { printable } from "../../src/view/printable.js";

const me = signer();
const file = sealed(result({}), me);

describe("peer#33 verifier-plus: what was not checked is never shown as passed", () => {
  test.each([
    ["verified", look(file, [yours(me)])],
    ["by a key of the site", look(file, [sites(me)])],
    ["by nobody", look(file, [])],
    ["changed", look(Buffer.from(Buffer.from(file).toString().replace("2 and 2", "2 and 3")), [yours(me)])],
    ["no attestation", look(Buffer.from("{}"), [yours(me)])],
  ])("%s", (_, report) => {
    expect(report.checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
    const steps = textLines(stepsView(report)).join("\n");
    const [passed, open] = (["passed", "not-checked"] as const).map(
      (status) => report.checks.filter((check) => check.status === status).length,
    );
    expect(steps.match(/✓/g) ?? []).toHaveLength(passed!);
    expect((steps.match(/– .*/g) ?? []).length).toBeGreaterThanOrEqual(open!);
    if (report.outcome !== "accepted") expect(headlineOf(report).word).not.toMatch(/^Signed, unchanged/);
  });
});

describe("peer#34 minisign: whatever stands in a document, a report of it holds nothing that a terminal obeys", () => {
  const EVIL = "\u001b[2J\u202e\u2066\u0007\u009b31m\u200b";

  test.each([
    ["a member", JSON.stringify({ payload: {}, [EVIL]: 1 })],
    ["a member twice", `{${JSON.stringify(EVIL)}:1,${JSON.stringify(EVIL)}:2}`],
    ["a keyid", JSON.stringify({ payload: {}, payloadType: "", signatures: [{ keyid: EVIL, sig: "" }] })],
    ["a type", JSON.stringify({ payload: {}, payloadType: EVIL, signatures: [] })],
    ["no JSON", `{${EVIL}`],
  ])("%s", (_, text) => {
    const shown = textLines(stepsView(look(Buffer.from(text), [yours(me)])));
    expect(shown.map(printable)).toEqual(shown);
  });
});
