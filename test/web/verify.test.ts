/** verify.html: a file from the reader's own disk, chosen or dropped, and the key that the reader brings, in either order. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { utf8, type Bytes } from "../../src/core/bytes.js";
import { parseEnvelope, type Envelope } from "../../src/core/statement/envelope.js";
import { MAX_BYTES } from "../../src/core/json.js";
import { EMPTY_KEYRING, formatKeyring, type KeyEntry } from "../../src/core/keys/keyring.js";
import { formatSignify } from "../../src/formats/signify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { dsse } from "../core/making.js";
import { everything, headline, inEachBrowser, pasteKey, tone } from "./driving.js";
import { lab, place, removePlaces, serve, tamperedWith, testKey, type Lab, type Served } from "./making.js";
import { naming } from "../core/refusal.js";

let made: Lab;
let served: Served;
const disk = place();
beforeAll(async () => {
  made = await lab();
  served = await serve(made);
});
afterAll(() => {
  served.close();
  removePlaces();
});

interface Given {
  readonly name: string;
  readonly bytes: Bytes;
}
const good = (): Given => ({ name: `${made.good.id}.json`, bytes: made.good.bytes });
const keyFile = (): Given => ({ name: "lab.pub", bytes: utf8(`${made.mine.line}\n`) });

async function choose(page: Page, { name, bytes }: Given): Promise<void> {
  const path = join(disk, name);
  writeFileSync(path, bytes);
  await page.locator("#file").setInputFiles(path);
}

/** As a file manager would: what is dropped is handed over by the event alone. */
const drop = (page: Page, { name, bytes }: Given): Promise<void> =>
  page.locator(".drop").evaluate(
    (zone, [called, content]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(content)], called));
      for (const type of ["dragenter", "dragover", "drop"])
        zone.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    },
    [name, [...bytes]] as const,
  );

const said = (page: Page, words: string | RegExp): Promise<void> =>
  page.locator("#file-said", { hasText: words }).waitFor();

/** What a yes would confirm, each key in full. */
const shown = async (page: Page, keys: readonly string[]): Promise<void> => {
  await page
    .locator("#file-said .keys li")
    .nth(keys.length - 1)
    .waitFor();
  expect(await page.locator("#file-said .keys li").allInnerTexts()).toEqual(keys);
};
const answerYes = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "I have this from a source that I trust: count it as confirmed" }).click();

inEachBrowser((visit) => {
  const open = (look: (page: Page) => Promise<void>): Promise<void> =>
    visit(served.url("file", "verify.html"), async (page) => {
      await page.locator(".drop").waitFor();
      await look(page);
    });

  /** Gives the key as a file, and says that it is the right one. */
  const bring = async (page: Page): Promise<void> => {
    await choose(page, keyFile());
    await answerYes(page);
    await said(page, "1 key counts as confirmed by you, on this page");
  };

  describe.each([
    ["chosen", choose],
    ["dropped", drop],
  ] as const)("%s", (_, give) => {
    test("a file, then its key: unknown, and so until the reader says that the key is right", async () => {
      await open(async (page) => {
        await give(page, good());
        await headline(page, "Signer unknown");
        expect(await everything(page)).not.toContain("Addition adds");
        await give(page, keyFile());
        await shown(page, [made.mine.key.keyid]);
        await headline(page, "Signer unknown");
        await answerYes(page);
        await headline(page, "Signed, unchanged");
        expect(await tone(page)).toBe("good");
        await said(page, "1 key counts as confirmed by you, on this page");
        expect(await page.title()).toBe("Addition adds: VALIDATED 2 passed, 1 skipped");
      });
    });

    test("the key, then the file", async () => {
      await open(async (page) => {
        await give(page, keyFile());
        await answerYes(page);
        await said(page, "counts as confirmed by you");
        await give(page, good());
        await headline(page, "Signed, unchanged");
      });
    });

    test("a file that was changed", async () => {
      await open(async (page) => {
        await bring(page);
        await give(page, { ...good(), bytes: tamperedWith(made.good) });
        await headline(page, "Does not match its signature");
        expect(await everything(page)).not.toMatch(/Addition adds|make five|VALIDATED/);
      });
    });

    test("a keyring gives names to its keys, and one that revokes takes the trust away", async () => {
      const entry = { name: "adder", key: made.mine.key, validFrom: "2026-01-01T00:00:00Z" };
      const keyring = (...signers: KeyEntry[]): Bytes => formatKeyring({ ...EMPTY_KEYRING, signers });
      const revoked = { ...entry, revoked: { at: "2026-02-01T00:00:00Z", reason: "lost" } };
      await open(async (page) => {
        await give(page, good());
        await headline(page, "Signer unknown");
        await give(page, { name: "keyring.json", bytes: keyring(entry) });
        await shown(page, [`${made.mine.key.keyid} adder`]);
        await answerYes(page);
        await headline(page, "Signed by “adder”, unchanged");
        await give(page, { name: "later.json", bytes: keyring(revoked) });
        await answerYes(page);
        await headline(page, "Unchanged, but the key is revoked");
        expect(await tone(page)).toBe("bad");
      });
    });
  });

  test("kind R: a keyring of many shows every key that a yes confirms; one of none is refused, one of others confirms nothing", async () => {
    const others = Array.from({ length: 7 }, (_, at) => ({
      ...testKey(`key-${at}`),
      validFrom: "2026-01-01T00:00:00Z",
    }));
    await open(async (page) => {
      await choose(page, good());
      await headline(page, "Signer unknown");
      await choose(page, { name: "none.json", bytes: formatKeyring(EMPTY_KEYRING) });
      await said(page, /\bkeyring\b/);
      await choose(page, {
        name: "many.json",
        bytes: formatKeyring({
          ...EMPTY_KEYRING,
          signers: others.map(({ name, key, validFrom }) => ({ name, key, validFrom })),
        }),
      });
      await shown(
        page,
        others.map(({ name, key }) => `${key.keyid} ${name}`),
      );
      await answerYes(page);
      await said(page, "none of these is the key that signed this file");
      await headline(page, "Signer unknown");
    });
  });

  test("over http it is the same page", async () => {
    await visit(served.url("http", "verify.html"), async (page) => {
      await choose(page, good());
      await headline(page, "Signer unknown");
      await pasteKey(page, made.mine.line);
      await headline(page, "Signed, unchanged");
    });
  });

  test("the key of somebody else confirms nothing", async () => {
    await open(async (page) => {
      await choose(page, good());
      await headline(page, "Signer unknown");
      await choose(page, { name: "other.pub", bytes: utf8(made.another.line) });
      await answerYes(page);
      await said(page, `${made.another.key.keyid} is not the key that signed this file`);
      await headline(page, "Signer unknown");
      await choose(page, { name: `${made.strangers.id}.json`, bytes: made.strangers.bytes });
      await headline(page, "Signer unknown");
      await pasteKey(page, made.stranger.line);
      await headline(page, "Signed, unchanged");
    });
  });

  test("a fingerprint alone is no key, and the page asks for the key", async () => {
    await open(async (page) => {
      await choose(page, good());
      await headline(page, "Signer unknown");
      await pasteKey(page, made.mine.key.keyid);
      await page.locator("#key-said.wrong", { hasText: "paste the key line itself" }).waitFor();
      await headline(page, "Signer unknown");
    });
  });

  test.each<[what: string, name: string, bytes: Bytes, sentence: RegExp]>([
    ["junk", "holiday.jpg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), naming("UTF-8")],
    ["nothing", "empty.json", new Uint8Array(), naming("line 1", "column 1", "JSON")],
    ["a text", "letter.txt", utf8("Dear reader,"), naming("line 1", "column 1", "JSON", '"D"')],
    ["some other JSON", "package.json", utf8('{"name":"left-pad"}'), naming("attestation", "payload")],
    [
      "a member given twice",
      "twice.json",
      utf8('{"payload":{},"payload":{}}'),
      naming("line 1", "column 15", '"payload"'),
    ],
  ])("%s is not readable as an attestation", async (_, name, bytes, sentence) => {
    await open(async (page) => {
      await choose(page, { name, bytes });
      await headline(page, "Not readable as an attestation");
      expect(await tone(page)).toBe("bad");
      expect(await page.locator(".headline p").innerText()).toMatch(sentence);
      expect(await page.getByRole("button", { name: "Change one letter" }).count()).toBe(0);
      await choose(page, good()); // and it goes on from there
      await headline(page, "Signer unknown");
    });
  });

  test.each(["pkcs8", "openssh"])("a private key (%s) is not taken, and the page says why", async (form) => {
    const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const secret = form === "pkcs8" ? pem : pem.replaceAll("PRIVATE KEY", "OPENSSH PRIVATE KEY");
    await open(async (page) => {
      await choose(page, { name: "id_ed25519", bytes: utf8(secret) });
      await said(page, /\bprivate\b/);
      expect(await everything(page)).not.toContain(secret.split("\n")[1]);
    });
  });

  test("a file of more than 16 MiB is not even read", async () => {
    await open(async (page) => {
      const path = join(disk, "large.json");
      writeFileSync(path, "");
      truncateSync(path, 17 * 1024 * 1024);
      await page.locator("#file").setInputFiles(path);
      await said(page, naming(MAX_BYTES, 17 * 1024 * 1024));
      expect(await page.locator(".headline").count()).toBe(0);
    });
  });

  test("the same attestation in a DSSE envelope", async () => {
    await open(async (page) => {
      const envelope: Envelope = parseEnvelope(made.good.bytes);
      await bring(page);
      await choose(page, { name: "attestation.dsse.json", bytes: dsse(envelope) });
      await headline(page, "Signed, unchanged");
      expect(await page.locator(".steps li", { hasText: "Well-formed envelope" }).innerText()).toContain(
        "in the dsse form",
      );
      await page.getByRole("button", { name: "Change one letter and check again" }).click();
      await headline(page, /^(?:Does not match its signature|Not readable as an attestation)$/);
      expect(await everything(page)).not.toContain("Addition adds");
    });
  });

  test.each([
    ["sigstore", "attestation.sigstore.json", formatBundle],
    ["signify", "attestation.signify", formatSignify],
  ] as const)("the same attestation as %s exports it, dropped", async (format, name, write) => {
    await open(async (page) => {
      const bytes = write(parseEnvelope(made.good.bytes));
      await drop(page, { name, bytes });
      await headline(page, "Signer unknown"); // whatever it says of its own key
      await bring(page);
      await headline(page, "Signed, unchanged");
      expect(await page.locator(".steps li", { hasText: "Well-formed envelope" }).innerText()).toContain(
        `in the ${format} form`,
      );
      const changed = bytes.slice();
      changed[bytes.length - 20]! ^= 1;
      await drop(page, { name, bytes: changed });
      await headline(page, /^(?:Does not match its signature|Not readable as an attestation)$/);
      expect(await everything(page)).not.toContain("Addition adds");
    });
  });

  test("under another name it is the same document; under the name of another it is refused", async () => {
    await open(async (page) => {
      await bring(page);
      await choose(page, { ...good(), name: "result (1).json" });
      await headline(page, "Signed, unchanged");
      expect(await page.locator(".command").innerText()).toBe(
        `npx @f3/attest verify FILE --key '${made.mine.line.split(" ").slice(0, 2).join(" ")}'`,
      );
      await choose(page, { ...good(), name: `${made.refuted.id}.json` });
      await headline(page, "Signed, but it contradicts itself");
      expect(await tone(page)).toBe("bad");
      expect(await page.locator(".headline p").innerText()).toMatch(
        naming(`${made.good.id}.json`, `${made.refuted.id}.json`),
      );
    });
  });

  test("a name that would be a command in a shell does not get into the command", async () => {
    await open(async (page) => {
      await bring(page);
      await choose(page, { ...good(), name: "a; touch pwned;.json" });
      await headline(page, "Signed, unchanged");
      expect(await page.locator(".command").innerText()).not.toContain("touch");
    });
  });
});

test("the file of the site is the one that the package ships", () => {
  const shipped = readFileSync(new URL("../../dist/web/verify.html", import.meta.url));
  expect(readFileSync(join(made.folder, "verify.html")).equals(shipped)).toBe(true);
});
