/** A statement, a registry and a file whose every text is an attack: on each page they are letters, and nothing else. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatRecord, RECORD_SCHEMA, recordName } from "../../src/core/audit/record.js";
import { nodeEngine } from "../../src/node/engine.js";
import type { Attestation } from "../../src/pipeline/publish/sign.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { chromiums, headline, inEachBrowser, pasteKey, ways } from "./driving.js";
import {
  attest,
  findings,
  NOW,
  pageOf,
  place,
  publish,
  removePlaces,
  serve,
  testKey,
  type Published,
  type Served,
  type TestKey,
} from "./making.js";

const SCRIPT = "</script><script>window.__pwned=1</script>";
const ATTACK = [
  SCRIPT,
  "<!--<script>",
  "</title></style></textarea></noscript>",
  "<img src=x onerror=window.__pwned=1>",
  '"><svg onload=window.__pwned=1>',
  "' autofocus onfocus='window.__pwned=1",
  "<iframe srcdoc='<script>parent.__pwned=1</script>'>",
  "<base href=https://evil.invalid/><meta http-equiv=refresh content='0;url=https://evil.invalid'>",
  "javascript:window.__pwned=1//",
  "data:text/html,<script>opener.__pwned=1</script>",
  "[link](javascript:window.__pwned=1) ![image](https://evil.invalid/x.png) <https://evil.invalid/>",
  "{{constructor.constructor('window.__pwned=1')()}} ${window.__pwned=1}",
  "\u202egnp.exe\u202c \u2066isolated\u2069 \u200f\u061c\u200b\ufeff\u00ad",
  "\u0000\u0007\u001b[2J\u001b]0;title\u0007\u007f\u0085\u009b31m",
  "line\u2028separator\u2029and\rreturn\ttab\nfeed",
  "__proto__ constructor prototype",
  "\udb40\udc41\udb40\udc42 tags \ud83d\ude00",
  "W".repeat(300),
].join(" ");

/** Names, where a text may be no longer than 200 characters. */
const SHORT = `Lab ${SCRIPT}<img src=x onerror=__pwned=1>\u202egnp.exe\u2028\u0007${"W".repeat(90)}`;
const LINKS = [
  "javascript:window.__pwned=1",
  "JaVaScRiPt:window.__pwned=1",
  "java\nscript:window.__pwned=1",
  "data:text/html,<script>1</script>",
  "vbscript:1",
  "//evil.invalid",
  'https://evil.invalid/\u202egnp.exe" onclick="x',
  "https://evil.invalid/\u202egnp.exe?a=%2F%3Cb%3E#c",
  "\u0001javascript:1",
];

let mine: TestKey;
let hostile: Attestation;
let served: Served;
const disk = place();

beforeAll(async () => {
  mine = testKey("lab");
  const sentence = (name: string): string => `${name} ${ATTACK}`;
  const { subject, configuration, f3 } = findings();
  hostile = await attest(mine, {
    subject: [{ ...subject[0]!, name: sentence("subject"), digest: { [sentence("algorithm")]: sentence("digest") } }],
    configuration: [
      {
        ...configuration[0]!,
        name: sentence("configuration"),
        annotations: { [sentence("annotation")]: sentence("value"), nested: { constructor: [SCRIPT] } },
      },
    ],
    f3: {
      title: sentence("title"),
      hypothesis: sentence("hypothesis"),
      summary: `${sentence("summary")}\n\n- ${ATTACK.replace("\n", " ")}\n\n\`${SCRIPT}\` ${LINKS.join(" ")}\n\n\`\`\`html\n${ATTACK}\n\`\`\`\n\n\`\`\`\n${SCRIPT}`,
      sections: [{ heading: sentence("heading"), body: sentence("body") }],
      checks: [
        {
          ...f3.checks[0]!,
          claim: sentence("claim"),
          expected: sentence("expected"),
          observed: sentence("observed"),
          criterion: {
            measures: [{ name: sentence("measure"), of: "count", where: { [sentence("member")]: SCRIPT } }],
            holds: [{ measure: sentence("measure"), is: "≤", value: 2 }],
            needs: [],
          },
          measurements: [{ name: sentence("measure"), value: 1, unit: sentence("unit") }],
        },
      ],
      figures: [
        {
          title: sentence("figure"),
          bars: [
            { label: sentence("bar"), check: f3.checks[0]!.id, measurement: sentence("measure") },
            {
              label: sentence("share"),
              check: f3.checks[0]!.id,
              measurement: sentence("measure"),
              of: sentence("measure"),
            },
            { label: sentence("missing"), check: "nowhere", measurement: sentence("missing") },
          ],
        },
      ],
      notChecked: [sentence("open")],
      evidence: [
        { ...f3.evidence[0]!, name: sentence("evidence"), role: sentence("role"), mediaType: sentence("type") },
        ...LINKS.map((uri) => ({ ...f3.evidence[1]!, uri })),
      ],
      relations: LINKS.map((target) => ({ type: "verifies", target })),
      run: {
        ...f3.run,
        command: [sentence("command")],
        environment: { [sentence("variable")]: sentence("value") },
        seed: sentence("seed"),
      },
    },
  });
  const broken = Buffer.from(hostile.bytes).toString().replace('"passed"', '"failed"');
  const files = new Map([
    [`${hostile.id}.json`, hostile.bytes],
    ["test_0123456789abcdef.json", Buffer.from(broken)],
    ["test_fedcba9876543210.json", Buffer.from(ATTACK)],
  ]);
  const published = await publish({ title: SHORT, listed: [{ ...mine, note: ATTACK }], files });
  await record(published, hostile.digest);
  served = await serve(published);
});

/** A publisher's record of an audit can say anything as well. */
async function record({ home, registry, folder }: Published, digest: string): Promise<void> {
  const look = { pointer: "/predicate/f3/evidence/0", place: "archive", state: "changed", detail: ATTACK } as const;
  const findings = [{ rule: ATTACK, pointer: ATTACK }, ...["__proto__", "log"].map((rule) => ({ rule, pointer: "" }))];
  const bytes = formatRecord({
    schema: RECORD_SCHEMA,
    at: NOW.toISOString(),
    origin: ATTACK,
    offline: false,
    engine: ATTACK,
    logs: [],
    documents: { [digest]: { references: 999, looks: [look], findings } },
  });
  mkdirSync(join(home, "attestations/audits"));
  writeFileSync(join(home, "attestations/audits", recordName(NOW)), bytes);
  await buildSite(registry, new Directory(folder), nodeEngine, NOW);
}
afterAll(() => {
  served.close();
  removePlaces();
});

/** What there is in the page beside our own tags, links and letters. */
const foreign = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const ours =
      "html head meta link title style script body nav a span p noscript main header section article div h1 h2 h3 ul li ol dl dt dd table thead tbody tr th td pre code strong em time footer fieldset legend label form input button bdi figure figcaption svg rect".split(
        " ",
      );
    const attributes =
      "lang charset http-equiv content name rel href class id aria-label aria-live aria-hidden role datetime scope data-label data-outcome tabindex width height y focusable type for placeholder autocomplete spellcheck multiple".split(
        " ",
      );
    const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}](?<![\n\t\u200c\u200d])/u;
    const found: string[] = [];
    if ("__pwned" in window || "__pwned" in Object.prototype) found.push("it ran");
    if (document.scripts.length !== 2) found.push(`${document.scripts.length} scripts`);
    const walk = (node: Node): void => {
      if (node instanceof Element) {
        const tag = node.tagName.toLowerCase();
        if (["svg", "rect"].includes(tag) && node.closest(".figures") === null) found.push(`<${tag}> outside a figure`);
        if (!ours.includes(tag)) found.push(`<${tag}>`);
        for (const { name, value } of node.attributes) {
          if (!attributes.includes(name)) found.push(`${name}=${value.slice(0, 40)}`);
          if (
            name === "href" &&
            !/^(?:https:\/\/(?:example\.org|evil\.invalid)(?:\/[!-~]*)?|(?:\.\.\/)?[\w./-]+\.html|evidence\/sha256\/[0-9a-f/]+|data:,)$/.test(
              value,
            )
          )
            found.push(`href=${value}`);
          if (unseen.test(value)) found.push(`unseen in ${name}`);
        }
        if (["script", "style"].includes(tag)) return;
      }
      if (node instanceof Text && unseen.test(node.data))
        found.push(`unseen in ${node.parentElement?.tagName ?? ""}: ${JSON.stringify(node.data.slice(0, 60))}`);
      node.childNodes.forEach(walk);
    };
    walk(document);
    return found;
  });

const NARROW = { viewport: { width: 360, height: 740 } };

async function expectHarmless(page: Page): Promise<void> {
  expect(await foreign(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
    0,
  );
}

inEachBrowser((visit, name) => {
  const UNCONFIRMED = "Unchanged; signer not confirmed by you";

  describe.each(ways(name))("over %s", (origin) => {
    test("the page of the attestation", async () => {
      await visit(
        served.url(origin, pageOf(hostile)),
        async (page) => {
          await headline(page, UNCONFIRMED);
          await expectHarmless(page);
          expect(await page.locator("h1").textContent()).toContain(`title ${SCRIPT} <!--<script>`); // shown as it is
          expect(await page.locator(".prose ul li").innerText()).toContain("\\u{202e}gnp.exe");
          await pasteKey(page, mine.line);
          await headline(page, "Signed, unchanged");
          await expectHarmless(page);
        },
        NARROW,
      );
    });

    test("the list", async () => {
      await visit(
        served.url(origin, "index.html"),
        async (page) => {
          await page.locator("#status", { hasText: "3 checked" }).waitFor({ state: "attached" });
          await expectHarmless(page);
          expect(await page.locator("h1").textContent()).toContain(SCRIPT);
        },
        NARROW,
      );
    });
  });

  test("a link goes where its text says, byte for byte", async () => {
    await visit(served.url("file", pageOf(hostile)), async (page) => {
      await headline(page, UNCONFIRMED);
      const links = await page
        .locator(".relations a")
        .evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.textContent]));
      expect(links).toEqual([
        [
          "https://evil.invalid/%E2%80%AEgnp.exe?a=%2F%3Cb%3E#c",
          "https://evil.invalid/\\u{202e}gnp.exe?a=%2F%3Cb%3E#c",
        ],
      ]);
    });
  });

  test.each(["test_0123456789abcdef", "test_fedcba9876543210"])("a refused file: %s", async (id) => {
    await visit(
      served.url("file", pageOf({ id })),
      async (page) => {
        await headline(page, /Does not match its signature|Not readable as an attestation/);
        await expectHarmless(page);
        expect(await page.locator("main").innerText()).not.toMatch(/hypothesis|gnp/);
      },
      NARROW,
    );
  });

  const envelope = (): { signatures: [object] } =>
    JSON.parse(Buffer.from(hostile.bytes).toString()) as { signatures: [object] };

  test.each<[what: string, name: string, text: () => string, words: string]>([
    ["a file's name", "<img src=x onerror=__pwned=1>.json", () => JSON.stringify(envelope()), "Signer unknown"],
    [
      "a keyid",
      "a'onclick=x\u202egnp.json",
      () =>
        JSON.stringify({ ...envelope(), signatures: [{ ...envelope().signatures[0], keyid: ATTACK.slice(0, 256) }] }),
      "Signer unknown",
    ],
    ["a member", "member.json", () => JSON.stringify({ payload: {}, [ATTACK]: 1 }), "Not readable as an attestation"],
    [
      "a member given twice",
      "twice.json",
      () => `{${JSON.stringify(ATTACK)}:1,${JSON.stringify(ATTACK)}:2}`,
      "Not readable as an attestation",
    ],
    ["a prototype", "proto.json", () => '{"payload":{"__proto__":{"__pwned":1}}}', "Not readable as an attestation"],
  ])("the verifier: %s", async (_, name, text, words) => {
    await visit(
      served.url("file", "verify.html"),
      async (page) => {
        writeFileSync(join(disk, name), text());
        await page.locator("#file").setInputFiles(join(disk, name));
        await headline(page, words);
        await expectHarmless(page);
        await pasteKey(page, ATTACK);
        await page.locator("#key-said.wrong").waitFor();
        await expectHarmless(page);
      },
      NARROW,
    );
  });
});

inEachBrowser((visit) => {
  const STILL = { ...NARROW, javaScriptEnabled: false };

  test.each(["the attestation", "a refused one", "the list"])(
    "without scripts, as the publisher sent it: %s",
    async (which) => {
      const path = {
        "the attestation": pageOf(hostile),
        "a refused one": pageOf({ id: "test_0123456789abcdef" }),
        "the list": "index.html",
      }[which]!;
      await visit(served.url("file", path), expectHarmless, STILL);
    },
  );
}, chromiums);
