// A second implementation, of Python and openssl alone, agrees on what was signed: the format is its documents, not this code.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { base64, fromUtf8 } from "../src/core/bytes.js";
import type { Json, JsonObject } from "../src/core/json.js";
import { formatKey } from "../src/core/keys/key.js";
import { leaves, replaced } from "./core/log/entries.js";
import { dsse, result, sealed, signed, signer, statement } from "./core/making.js";

const VERIFIER = fileURLToPath(new URL("independent/verify.py", import.meta.url));

interface Ran {
  /** Undefined when there is no such program. */
  readonly status: number | undefined;
  readonly out: string;
}

const run = (program: string, ...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => {
      resolve({
        status: error === null ? 0 : typeof error.code === "number" ? error.code : undefined,
        out: stdout + stderr,
      });
    });
  });

let folder = "";
let missing: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attest-independent-"));
  const [python, openssl] = await Promise.all([run("python3", "--version"), run("openssl", "version")]);
  if (python.status !== 0) missing = "there is no python3 here";
  else if (!/^OpenSSL [3-9]/.test(openssl.out))
    missing = `there is no OpenSSL 3 here: ${openssl.out.trim() || "no openssl at all"}`;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

type Content = Uint8Array | string;

/** What the verifier says of each of these files, by name. */
async function verdicts(
  contents: Readonly<Record<string, Content>>,
  line: string,
  context: TestContext,
): Promise<Record<string, string>> {
  if (missing !== undefined) context.skip(`NOT CHECKED INDEPENDENTLY: ${missing}`);
  const own = await mkdtemp(join(folder, "files-"));
  const names = Object.keys(contents);
  const paths = names.map((_, at) => join(own, `${at}.json`));
  await Promise.all(paths.map((path, at) => writeFile(path, contents[names[at]!]!)));
  const { status, out } = await run("python3", VERIFIER, line, ...paths);
  const said = out
    .trimEnd()
    .split("\n")
    .map((words, at) => words.replace(`${paths[at]!}: `, ""));
  expect(status, out).toBe(said.every((words) => words.startsWith("ok: ")) ? 0 : 1);
  return Object.fromEntries(
    names.map((name, at) => [name, /^(?:ok(?=: signed by SHA256:)|refused(?=: ))/.exec(said[at]!)?.[0] ?? said[at]!]),
  );
}

const all = (contents: Readonly<Record<string, Content>>, word: "ok" | "refused"): Record<string, string> =>
  Object.fromEntries(Object.keys(contents).map((name) => [name, word]));

const me = signer();
const other = signer();
const line = formatKey(me.key, "me@example.org");
const published = sealed(statement(), me);
const document = JSON.parse(fromUtf8(published)) as JsonObject & {
  readonly payload: JsonObject;
  readonly signatures: readonly JsonObject[];
};

const raw = JSON.stringify(document);

/** The same value with the members of every object in the reverse order. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

test("accepted: what the key signed, however it is laid out", async (context) => {
  // Members that the schema does not know are signed like any other.
  const hardToPrintAlike = result({
    summary: '\u0000\u001f\u007f\u2028"\\/ \ud83d\ude00 caf\u00e9 cafe\u0301',
    run: {
      environment: { "\ufb33": "1", "\ud83d\ude00": "2", "\u20ac": "3", "10": "4", "9": "5", "": "6", "\n": "7" },
    },
    numbers: [
      0,
      -1,
      2 ** 53 - 1,
      0.1,
      -0.5,
      1e-7,
      -1.5e-10,
      0.000001,
      123456.789,
      5e-324,
      2.2250738585072014e-308,
      1 / 3,
      100.25,
    ],
  });
  const files = {
    "a published file": published,
    "on one line": raw,
    "with its members in another order": JSON.stringify(reversed(document), null, 4),
    "with a letter escaped": raw.replace("Addition", "\\u0041ddition"),
    "among several signatures": sealed(statement(), other, me),
    "with what is hard to print alike": sealed(hardToPrintAlike, me),
  };
  expect(files["with a letter escaped"]).not.toBe(raw);
  expect(await verdicts(files, line, context)).toEqual(all(files, "ok"));
});

describe("refused", () => {
  const { payload } = document;
  const at = (...path: (string | number)[]): Json =>
    path.reduce<Json>((value, step) => (value as Record<string | number, Json>)[step]!, payload);
  const around = (changed: Json): string => JSON.stringify({ ...document, payload: changed });
  const put = (value: Json | undefined, ...path: (string | number)[]): string => around(replaced(payload, path, value));
  const swapped = (...path: (string | number)[]): string =>
    put([...(at(...path) as readonly Json[])].reverse(), ...path);

  /** Another value of the same type, as near as can be. */
  function next(value: Json): Json {
    if (typeof value === "string") return `${value} `;
    if (typeof value === "number") return value + 1;
    if (typeof value === "boolean") return !value;
    return Array.isArray(value) ? [null] : { a: null };
  }

  test("another value in the place of any", async (context) => {
    const places = leaves(payload).filter((_, place) => place % 2 === 0);
    const files = Object.fromEntries(
      places.map(({ path, value }) => [`/${path.join("/")}`, put(next(value), ...path)]),
    );
    expect(Object.keys(files).length).toBeGreaterThan(25);
    expect(await verdicts(files, line, context)).toEqual(all(files, "refused"));
  });

  test("a payload of another form", async (context) => {
    const files = {
      "a member more in the statement": put(null, "more"),
      "a member more deep inside": put("", "predicate", "f3", "run", "environment", "more"),
      "a member less": put(undefined, "predicate", "f3", "notChecked"),
      "an empty list less": put(undefined, "predicate", "failedTests"),
      "an item less": put(undefined, "predicate", "f3", "checks", 2),
      "an item twice": put([at("subject", 0), at("subject", 0)], "subject"),
      "checks in another order": swapped("predicate", "f3", "checks"),
      "passed tests in another order": swapped("predicate", "passedTests"),
      "a number as a text": put("0", "predicate", "f3", "run", "exitCode"),
      "null for an empty list": put(null, "predicate", "failedTests"),
      "text in another normal form": around(JSON.parse(JSON.stringify(payload).normalize("NFD")) as Json),
      "half a surrogate pair": put("\ud800", "_type"),
      "a member that stands twice": raw.replace('"result":', '"result":"FAILED","result":'),
      "a number in another spelling": raw.replace('"size":12', '"size":12.0'),
    };
    expect(Object.values(files)).not.toContain(raw);
    expect(await verdicts(files, line, context)).toEqual(all(files, "refused"));
  });

  test("another envelope", async (context) => {
    const [mine] = document.signatures;
    const files = {
      "another payloadType": raw.replace("vnd.in-toto+json", "vnd.in-toto.json"),
      "no signature": JSON.stringify({ ...document, signatures: [] }),
      "another's signature under this keyid": JSON.stringify({
        ...document,
        signatures: [{ ...mine, sig: base64(signed(payload, [other]).signatures[0]!.sig) }],
      }),
      "the signature of another payload": JSON.stringify({
        ...document,
        signatures: signed({}, [me]).signatures.map(({ keyid, sig }) => ({ keyid, sig: base64(sig) })),
      }),
      "a signature that was changed": raw.replace(
        /"sig":"(.)/,
        (_, digit: string) => `"sig":"${digit === "A" ? "B" : "A"}`,
      ),
      "a signature twice": JSON.stringify({ ...document, signatures: [mine, mine] }),
      "a payload that stands twice": raw.replace("{", '{"payload":{},'),
      "a member beside the envelope's": JSON.stringify({ ...document, verdict: "VALIDATED" }),
      "a byte order mark": `\ufeff${raw}`,
      "the end missing": raw.slice(0, -1),
      "another format": dsse(signed(payload, [me])),
    };
    expect(Object.values(files)).not.toContain(raw);
    expect(await verdicts(files, line, context)).toEqual(all(files, "refused"));
  });

  test("another key, or none", async (context) => {
    for (const wrong of [
      formatKey(other.key),
      formatKey(me.key).slice(0, -4),
      formatKey(me.key).replace("ssh-ed25519", "ssh-rsa"),
    ]) {
      expect(await verdicts({ published }, wrong, context)).toEqual({ published: "refused" });
    }
  });
});
