/** Secrets leave no trace in what a command prints, in whatever form and however it is cut into chunks; everything else stays as it was. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact } from "../../../src/harness/redaction/reveal.js";
import {
  Redactor,
  RULES,
  spellings,
  type RedactorOptions,
  type Secret,
} from "../../../src/harness/redaction/redact.js";
import { edge, rulesWithExamples } from "./tokens.js";

const secret = (value: string, name = "NAME"): Secret => ({ name, value });

interface Redacted {
  readonly text: string;
  readonly count: number;
  readonly rules: readonly string[];
}

/** Written in chunks of these sizes, again and again; in one piece without any. Latin-1 characters stand for bytes. */
function redacted(text: string, secrets: readonly Secret[], sizes: number[] = [], options?: RedactorOptions): Redacted {
  const redactor = new Redactor(secrets, options);
  const bytes = Buffer.from(text, "latin1");
  const shown: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[turn % sizes.length] ?? 1);
    shown.push(redactor.write(bytes.subarray(at, at + size)));
    at += size;
  }
  shown.push(redactor.end());
  return { text: Buffer.concat(shown).toString("latin1"), ...redactor.redactions };
}

const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const chunks = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 });
const value = fc
  .oneof(fc.string({ minLength: 8, maxLength: 40 }), fc.string({ unit: "grapheme", minLength: 8, maxLength: 24 }))
  .filter((text) => text.length >= 8);
/** Occurs in no spelling of a value. */
const filler = fc.string({
  unit: fc.constantFrom("\u0001", "\u0002", "\n", "\r", "\u00ff"),
  minLength: 1,
  maxLength: 12,
});

describe("values", () => {
  test("each in each spelling, cut anywhere: none survives, everything else is the same", () => {
    const pieces = fc.array(fc.tuple(filler, fc.nat(), fc.nat()), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        pieces,
        filler,
        chunks,
        (values, parts, end, sizes) => {
          const secrets = values.map((one, at) => secret(one, `S${at}`));
          let [text, expected] = ["", ""];
          for (const [before, which, how] of parts) {
            const spelled = spellings(values[which % values.length]!);
            text += before + spelled[how % spelled.length]!;
            expected += `${before}[redacted]`;
          }
          const result = redacted(text + end, secrets, sizes, { rules: [] });
          expect(result.text).toBe(expected + end);
          expect(result.count).toBe(parts.length);
        },
      ),
      { numRuns: 400 },
    );
  });

  const token = `s3cr3t/v4lue+with=§&'"<>`;
  const inside = (encode: (bytes: Buffer) => string, before: number): string =>
    encode(Buffer.concat([Buffer.alloc(before, "x"), Buffer.from(token), Buffer.alloc(2, "y")]));
  const wrapped = (text: string): string => text.replace(/.{10}/g, "$&\r\n");
  test.each<[string, string]>([
    ["as it is", utf8(token)],
    ["URL component", encodeURIComponent(token)],
    ["URL component, lower case", encodeURIComponent(token).replace(/%../g, (code) => code.toLowerCase())],
    ["form", new URLSearchParams({ q: token }).toString()],
    ["form, with a space", new URLSearchParams({ q: token }).toString()],
    ["JSON", utf8(JSON.stringify({ a: token }))],
    ["JSON in JSON", utf8(JSON.stringify(JSON.stringify({ a: token })))],
    ["JSON in ASCII", JSON.stringify(token).replaceAll("§", "\\u00a7")],
    [
      "JSON with its slashes escaped",
      JSON.stringify(token).replaceAll("§", "\\u00A7").replaceAll("/", "\\/").replaceAll("\\u00A7", "\\u00a7"),
    ],
    [
      "JSON for a page",
      utf8(JSON.stringify(token).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")),
    ],
    ["XML text", utf8(token.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"))],
    [
      "XML attribute",
      utf8(
        token
          .replaceAll("&", "&amp;")
          .replaceAll("<", "&lt;")
          .replaceAll(">", "&gt;")
          .replaceAll('"', "&quot;")
          .replaceAll("'", "&apos;"),
      ),
    ],
    ["hex", inside((bytes) => bytes.toString("hex"), 1)],
    ["hex in upper case", inside((bytes) => bytes.toString("hex").toUpperCase(), 1)],
    ["hex, wrapped", wrapped(inside((bytes) => bytes.toString("hex"), 1))],
    ...[0, 1, 2].flatMap((before): [string, string][] => [
      [`base64 after ${before} bytes`, inside((bytes) => bytes.toString("base64"), before)],
      [`base64url after ${before} bytes`, inside((bytes) => bytes.toString("base64url"), before)],
      [`base64 after ${before} bytes, wrapped`, wrapped(inside((bytes) => bytes.toString("base64"), before))],
    ]),
    ["wrapped by a terminal", utf8(token).replace(/.{5}/g, "$&\n")],
  ])("%s", (_, text) => {
    for (const sizes of [[], [1], [3], [7, 2]]) {
      const result = redacted(`before ${text} after`, [secret(token)], sizes, { rules: [] });
      expect(result).toMatchObject({ count: 1, rules: ["value of NAME"] });
      expect(result.text).toMatch(/^before [^]{0,12}\[redacted\][^]{0,8} after$/);
    }
  });

  test.each<[string, string[], string, string]>([
    ["one the beginning of the other", ["abcdefgh", "abcdefghij"], "abcdefghij abcdefghi", "[redacted] [redacted]i"],
    ["one inside the other", ["cdefghij", "abcdefghijkl"], "abcdefghijkl abcdefghijk", "[redacted] ab[redacted]k"],
    ["two that overlap", ["abcdefgh", "efghijkl"], "-abcdefghijkl-", "-[redacted]-"],
    ["two that are equal", ["abcdefgh", "abcdefgh"], "abcdefgh", "[redacted]"],
    ["next to itself", ["abcdefgh"], "abcdefghabcdefgh", "[redacted][redacted]"],
    ["all of one character", ["aaaaaaaa"], `b${"a".repeat(50)}b`, "b[redacted]b"],
    ["nearly", ["abcdefgh"], "abcdefg abcdefg", "abcdefg abcdefg"],
    ["after a false start", ["ababababc!"], "abababababc!", "ab[redacted]"],
    ["with what patterns mean", ["a.*[b](c)|$^\\d+?"], "a.*[b](c)|$^\\d+? axx[b](c)", "[redacted] axx[b](c)"],
    ["of several lines", ["first line\nsecond\n"], "first line\r\nsecond\nthird", "[redacted]\nthird"],
    ["too short", ["1234567"], "1234567", "1234567"],
  ])("%s", (_, values, text, expected) => {
    const secrets = values.map((one, at) => secret(one, `S${at}`));
    for (const sizes of [[], [1], [2], [5]]) expect(redacted(text, secrets, sizes, { rules: [] }).text).toBe(expected);
  });

  test("half a surrogate pair is no fault", () => {
    expect(redacted("abcdefgh", [secret("\ud800 and more")]).text).toBe("abcdefgh");
  });

  test("names are told once, of equal values both, and never a value", () => {
    const secrets = [secret("abcdefgh", "B"), secret("abcdefgh", "A"), secret("unseen-value", "C")];
    expect(redacted("abcdefgh abcdefgh", secrets)).toEqual({
      text: "[redacted] [redacted]",
      count: 2,
      rules: ["value of A", "value of B"],
    });
  });

  test("nothing is held back that can no longer be a secret", () => {
    const redactor = new Redactor([secret("abcdefgh")]);
    const write = (text: string): string => Buffer.from(redactor.write(Buffer.from(text))).toString();
    expect(write("a prompt> ")).toBe("a prompt> ");
    expect(write("abcdef")).toBe("");
    expect(write(".")).toBe("abcdef.");
    expect(write("one ghp_ is no token")).toBe("one ");
    expect(write("\nnext")).toBe("ghp_ is no token\nnext");
  });

  test("after its end, a redactor reads another document", () => {
    const redactor = new Redactor([secret("abcdefgh")]);
    const read = (text: string): string =>
      Buffer.concat([redactor.write(Buffer.from(text)), redactor.end()]).toString();
    expect([read("x abcd"), read("efgh y"), read("abcdefgh")]).toEqual(["x abcd", "efgh y", "[redacted]"]);
  });
});

describe("rules", () => {
  test("each has an example and a near miss", () => {
    expect(rulesWithExamples.map(({ name }) => name)).toEqual(RULES.map(({ name }) => name));
  });

  describe.each(rulesWithExamples)("$name", ({ name, examples, nearMisses }) => {
    const around = [
      (text: string) => `${text}\n`,
      (text: string) => `log: ${text}, and so on\n`,
      (text: string) => JSON.stringify({ message: `\n${text}\n` }),
      (text: string) => `<failure message="${text}">${text}</failure>\n`,
      (text: string) => `\u001b[31m${text}\u001b[39m\n`,
      (text: string) => `text=%20${text}`,
    ];
    test.each(examples)("finds example %#", (example) => {
      for (const put of around) {
        const text = put(example);
        for (const sizes of [[], [1], [7]]) {
          const result = redacted(text, [], sizes);
          expect(result.rules).toEqual([name]);
          expect(result.text.replaceAll("[redacted]", "")).not.toMatch(/[A-Za-z0-9+/_-]{30}/);
        }
      }
    });
    test.each(nearMisses)("leaves near miss %#", (nearMiss) => {
      for (const put of around) expect(redacted(put(nearMiss), []).text).toBe(put(nearMiss));
    });
  });

  test("digests, identifiers and lock files are no secrets", () => {
    const bytes = randomBytes(64);
    const text = [
      bytes.subarray(0, 32).toString("hex"),
      `sha256:${bytes.subarray(0, 32).toString("hex")}`,
      `SHA256:${bytes.subarray(0, 32).toString("base64").replace("=", "")}`,
      `"integrity": "sha512-${bytes.toString("base64")}"`,
      bytes.subarray(0, 20).toString("hex"),
      "123e4567-e89b-42d3-a456-426614174000",
      `ssh-ed25519 AAAA${bytes.toString("base64")}`,
      "https://localhost:3000/@scope/package git@example.org:a/b.git http://user@example.org",
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----",
      "data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXX0=",
    ].join("\n");
    expect(redacted(text, []).text).toBe(text);
    for (const file of ["package-lock.json", "README.md", "docs/architecture.md", "src/harness/redaction/rules.ts"]) {
      const content = readFileSync(new URL(`../../../${file}`, import.meta.url));
      expect(redact(content, new Redactor([])).redactions).toEqual({ count: 0, rules: [] });
    }
  });

  test("only the rules that are asked for", () => {
    const text = rulesWithExamples.map(({ examples }) => examples[0]).join("\n");
    expect(redacted(text, [], [], { rules: [] }).text).toBe(text);
    const rules = RULES.filter(({ name }) => name === "jwt");
    expect(redacted(text, [], [], { rules }).rules).toEqual(["jwt"]);
  });
});

describe("private keys", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = [
    privateKey.export({ type: "pkcs1", format: "pem" }),
    privateKey.export({ type: "pkcs8", format: "pem" }),
    privateKey.export({ type: "pkcs1", format: "pem", cipher: "aes-128-cbc", passphrase: "x" }),
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }),
  ].map((pem) => pem.toString().trim());
  const pem = keys[1]!;
  const cut = pem.split("\n").slice(0, -3).join("\n");

  test.each(keys)("whole key %#, whatever it stands in", (key) => {
    const inXml = key.replaceAll("\n", "&#10;");
    for (const [text, expected] of [
      [`one\n${key}\ntwo`, "one\n[redacted]\ntwo"],
      [key.replaceAll("\n", "\r\n"), "[redacted]"],
      [JSON.stringify({ key, next: 1 }), `{"key":"[redacted]","next":1}`],
      [JSON.stringify(JSON.stringify({ key })), JSON.stringify(`{"key":"[redacted]"}`)],
      [`<a key="${inXml}"/><b>${key}</b>`, `<a key="[redacted]"/><b>[redacted]</b>`],
      [inspect({ key }), "{\n  key: '[redacted]'\n}"],
      [key.replace(/^/gm, "app-1  | "), "app-1  | [redacted]"],
      [key + key, "[redacted][redacted]"],
    ] as const)
      for (const sizes of [[], [1], [100]]) expect(redacted(text, [], sizes).text).toBe(expected);
  });

  test.each<[string, string, string]>([
    ["at the end", cut, "[redacted]"],
    [
      "followed by text",
      `${cut}\nall is well\n${"x ".repeat(50_000)}`,
      `[redacted]\nall is well\n${"x ".repeat(50_000)}`,
    ],
    ["followed by a whole one", `${cut}\n${pem}\nend`, "[redacted]\n[redacted]\nend"],
    ["in JSON", JSON.stringify([cut, 1]), `["[redacted]",1]`],
    ["in XML", `<a b="${cut.replaceAll("\n", "&#xA;")}"/>`, `<a b="[redacted]"/>`],
    ["its first line only", `${edge("BEGIN", "PRIVATE KEY")}\nok 1\nok 2\n`, "[redacted]\nok 1\nok 2\n"],
    ["its last line only", `a\n${edge("END", "PRIVATE KEY")}\n`, `a\n${edge("END", "PRIVATE KEY")}\n`],
  ])("one that breaks off: %s", (_, text, expected) => {
    for (const sizes of [[], [1000], [70_000]]) expect(redacted(text, [], sizes).text).toBe(expected);
  });

  test("a key cut into many strings of a document loses its lines, and the document nothing else", () => {
    const documents = pem.split("\n").map((line) => JSON.stringify({ level: 30, line: `\n${line}` }));
    const { text } = redacted(documents.join("\n"), []);
    const lines = text.split("\n").map((line) => (JSON.parse(line) as { line: string }).line.trim());
    expect(lines.slice(0, -2)).toEqual(documents.slice(0, -2).map(() => "[redacted]"));
  });

  test("an end that belongs to another string of the document takes nothing with it", () => {
    const text = JSON.stringify([edge("BEGIN", "PRIVATE KEY"), "kept", edge("END", "PRIVATE KEY")]);
    expect(JSON.parse(redacted(text, []).text)).toEqual(["[redacted]", "kept", edge("END", "PRIVATE KEY")]);
  });

  test("an end too far away is none; a key of any length is", () => {
    const [begin, end] = [`${edge("BEGIN", "PGP PRIVATE KEY BLOCK")}\n`, edge("END", "PGP PRIVATE KEY BLOCK")];
    const body = `${randomBytes(48).toString("base64")}\n`;
    const words = "these are words\n".repeat(5000);
    for (const sizes of [[], [997], [65_536]]) {
      expect(redacted(begin + words + end, [], sizes).text).toBe(`[redacted]\n${words}${end}`);
      const long = redacted(`a\n${begin}\n${body.repeat(4000)}${end}\nb`, [], sizes).text;
      expect(long.replace(/(?:\[redacted\]\s*)+/g, "[redacted]\n")).toBe("a\n[redacted]\nb");
    }
  });
});

describe("places", () => {
  const places = [
    { name: "project folder", text: "/home/alice/project", instead: "." },
    { name: "home folder", text: "/home/alice", instead: "~" },
    { name: "host name", text: "alices-pc", instead: "[host]" },
  ];
  test.each([
    ["/home/alice/project/src/a.ts:1:2", "./src/a.ts:1:2"],
    ["/home/alice/projects /home/alice", "~/projects ~"],
    ["file:///home/alice/project/a.ts", "file://./a.ts"],
    ["-I/home/alice/include -L/home/alice", "-I~/include -L~"],
    ["/mnt/home/alice /home/alice2 /home/alice-old", "/mnt/home/alice /home/alice2 /home/alice-old"],
    [`{"a":"\\n/home/alice","b":"/home/alice"}`, `{"a":"\\n~","b":"~"}`],
    ["q=%2Fhome%2Falice%2Fx", "q=~%2Fx"],
    ["alices-pc:80 alices-pc.local malices-pc alices-pcs", "[host]:80 [host].local malices-pc alices-pcs"],
  ])("%s", (text, expected) => {
    for (const sizes of [[], [1], [5]]) expect(redacted(text, [], sizes, { places }).text).toBe(expected);
  });

  test("are named and counted", () => {
    const { count, rules } = redacted("/home/alice/project /home/alice /home/alice/", [], [], { places });
    expect({ count, rules }).toEqual({ count: 3, rules: ["home folder", "project folder"] });
  });

  test("a secret that overlaps one is a secret", () => {
    const secrets = [secret("/home/alice/.token-1234")];
    expect(redacted("/home/alice/.token-1234", secrets, [], { places })).toEqual({
      text: "[redacted]",
      count: 1,
      rules: ["value of NAME"],
    });
  });

  test("the root and names that every output has are left", () => {
    const roots = ["/", "localhost", ""].map((text) => ({ name: "place", text, instead: "~" }));
    expect(redacted("/ http://localhost/a", [], [], { places: roots }).text).toBe("/ http://localhost/a");
  });
});

describe("whatever comes", () => {
  const secrets = [secret("hunter2hunter2", "A"), secret("hunter2hunter2-and-more", "B"), secret("nnnnnnnnn", "C")];
  const places = [
    { name: "home folder", text: "/home/alice", instead: "~" },
    { name: "project folder", text: "/home/alice/p", instead: "." },
  ];
  const examples = rulesWithExamples.flatMap(({ examples, nearMisses }) => [...examples, ...nearMisses]);
  const fragments = [
    ...examples,
    ...examples.map((text) => text.slice(0, text.length / 2)),
    ...spellings("hunter2hunter2"),
    ...[
      "hunter2",
      "-and-more",
      "nnnnnnn",
      "/home/alice",
      "/p",
      " ",
      "\n",
      "\n\n\n\n\n",
      '"',
      "<",
      "\\n",
      "\\",
      ".",
      "-",
    ],
    ...[edge("BEGIN", "PRIVATE KEY"), edge("END", "PRIVATE KEY"), "QUJD".repeat(16), "QUJD"],
  ];
  const soup = fc.array(fc.constantFrom(...fragments), { maxLength: 30 }).map((parts) => parts.join(""));

  test("how the stream is cut makes no difference", () => {
    fc.assert(
      fc.property(soup, chunks, (text, sizes) => {
        expect(redacted(text, secrets, sizes, { places })).toEqual(redacted(text, secrets, [], { places }));
      }),
      { numRuns: 600 },
    );
  });

  test("nor where it is longer than what is held back", () => {
    const long = fc.constantFrom(
      "words and words\n".repeat(4500),
      "QUJD".repeat(20_000),
      `${"QUJD".repeat(16)}\n`.repeat(1100),
    );
    const parts = fc.array(fc.oneof(soup, long), { maxLength: 6 }).map((all) => all.join(""));
    const sizes = fc.array(fc.integer({ min: 500, max: 90_000 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, sizes, (text, cuts) => {
        expect(redacted(text, secrets, cuts, { places })).toEqual(redacted(text, secrets, [], { places }));
      }),
      { numRuns: 60 },
    );
  });

  test("values are gone for good", () => {
    fc.assert(
      fc.property(soup, chunks, (text, sizes) => {
        expect(redacted(text, secrets, sizes).text.replace(/[\r\n]/g, "")).not.toMatch(/hunter2hunter2|nnnnnnnnn/);
      }),
    );
  });

  test("JSON stays JSON, and only strings that hold a secret change", () => {
    const text = fc.oneof(soup, value);
    const document = fc.dictionary(fc.string(), fc.oneof(text, fc.array(text), fc.integer()));
    fc.assert(
      fc.property(document, (json) => {
        const changed = JSON.parse(redacted(utf8(JSON.stringify(json)), secrets).text) as object;
        expect(Object.keys(changed)).toEqual(Object.keys(JSON.parse(JSON.stringify(json)) as object));
      }),
    );
  });

  test("some megabytes of what patterns may stumble over", () => {
    const begin = edge("BEGIN", "PRIVATE KEY");
    const parts = [
      "a",
      "eyJ",
      "eyJaaaaaaaa.",
      "-----BEGIN ",
      begin,
      `${begin}\n`,
      "://",
      "://a:bbb",
      "' +",
      " ",
      "sk-",
      "n",
      "ghp_",
    ];
    for (const part of parts) {
      const text = begin + part.repeat(Math.ceil(1_000_000 / part.length));
      const { count } = redacted(text, secrets, [65_536], { places });
      expect(count).toBeGreaterThan(0);
    }
  });
});
