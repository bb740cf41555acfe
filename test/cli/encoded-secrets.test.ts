/** Secrets that a report escapes in a way of its own: no reader of what is published reads them, in evidence, statement or plan. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { parseXml, type XmlElement } from "../../src/formats/xml.js";
import { attest, fault, workspace, type Ran, type Workspace } from "./attest.js";

const VALUE = `Tr0ub4"dor&3-x`;
let here: Workspace;
beforeEach(async () => {
  here = workspace();
  await here.attest("init", "lab", "--origin", "example.org/lab");
  here.write("a.txt", "a\n");
});

/** Runs a script of node's that has the spelling at hand as `S`. */
const run = (script: string, ...more: readonly string[]): Promise<Ran> =>
  attest(["run", "--registry", "lab", "--subject", "a.txt", ...more, "--", "node", "-e", script], {
    cwd: here.cwd,
    env: { ...here.env, DB_PASSPHRASE: VALUE },
  });
const SPELT = `const V = process.env.DB_PASSPHRASE;
const each = (f) => [...V].map((c) => f(c.charCodeAt(0))).join("");
const xml = each((c) => "&#" + c + ";"), hex = each((c) => "&#x0" + c.toString(16) + ";"), json = each((c) => "\\\\u" + c.toString(16).padStart(4, "0"));
const write = require("fs").writeFileSync;`;

function published(): string[] {
  const folder = here.path("lab/attestations");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "utf8"));
}
const texts = ({ text, attributes, children }: XmlElement): string =>
  [text, ...attributes.values(), ...children.map(texts)].join("\n");
function everythingIn(text: string): string {
  if (text.startsWith("<")) return texts(parseXml(text));
  return text
    .split("\n")
    .map((line) => line.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))))
    .join("\n");
}

test.each<[string, string, string]>([
  [
    "JUnit, in decimal and in an attribute",
    "junit.xml",
    `write("junit.xml", '<testsuite tests="1"><testcase name="a ' + xml + '"><system-out>' + hex + '</system-out></testcase></testsuite>')`,
  ],
  [
    "JUnit with JSON in its output",
    "junit.xml",
    `write("junit.xml", '<testsuite tests="1"><testcase name="a"><system-out>{&quot;a&quot;:&quot;' + json + '&quot;}</system-out></testcase></testsuite>')`,
  ],
  ["TAP, printed", "-", `console.log("TAP version 13\\n1..1\\nok 1 - a " + json + "\\n# " + xml)`],
  [
    "CTRF with HTML in a message",
    "ctrf.json",
    `write("ctrf.json", JSON.stringify({ results: { tool: { name: "t" }, summary: { tests: 1, passed: 1, failed: 0, pending: 0, skipped: 0, other: 0, start: Date.now(), stop: Date.now() }, tests: [{ name: "a", status: "passed", duration: 1, message: "<b title='" + xml + "'>" + hex + "</b>" }] } }))`,
  ],
])("%s", async (_, name, script) => {
  const ran = await run(
    `${SPELT} ${script}; console.error(JSON.stringify({ a: "<a>" + hex + "</a>" }), json)`,
    "--report",
    name,
  );
  expect(ran.code, ran.stderr).toBe(0);
  const all = published();
  expect(all.join("\n")).toContain("[redacted]");
  for (const text of all) expect(everythingIn(text)).not.toContain(VALUE);
  const decoded = all
    .join("\n")
    .replace(/&#x?0*([0-9a-f]+);/gi, (all, code: string) =>
      String.fromCharCode(Number(all.includes("x") ? `0x${code}` : code)),
    );
  expect(decoded).not.toContain(VALUE);
});

test("in a statement that was made elsewhere, or a title: refused", async () => {
  const spelt = Array.from(VALUE, (one) => `&#${one.charCodeAt(0)};`).join("");
  const refused = fault(await run("", "--title", `with ${spelt}`));
  expect(refused.error).toMatch(/the value of DB_PASSPHRASE/);
  expect(published().join()).not.toContain(spelt);
});
