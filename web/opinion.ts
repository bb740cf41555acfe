/** The browser's own Ed25519 as a second opinion. It is asked after ours accepted, and can only turn acceptance into "engines disagree". */
import { utf8, type Bytes, hex, fromHex } from "../src/core/bytes.js";
import { nobleEngine, type Engine } from "../src/core/engine.js";
import type { Report } from "../src/core/verify/report.js";
import type { SecondEngine } from "../src/core/verify/signatures.js";
import { verify, type VerifyOptions } from "../src/core/verify/verify.js";

/** WebKitGTK's tab crashes on Ed25519 messages of 64 KiB and on odd keys: use it only after the pre-check and below this size. */
const MAX_MESSAGE = 60_000;

/**
 * Verifies with noble, asks WebCrypto about each accepted signature, then verifies with both answers. Without WebCrypto (http pages other
 * than localhost) the report names noble alone.
 */
export async function verifyTwice(bytes: Bytes, options: Omit<VerifyOptions, "engine" | "second">): Promise<Report> {
  const asked: (readonly [Bytes, Bytes, Bytes])[] = [];
  const listen: SecondEngine = { name: "", verify: (...question) => void asked.push(question) };
  const first = verify(bytes, { ...options, engine: nobleEngine, second: listen });
  const answers = new Map<string, boolean | undefined>();
  for (const question of asked) answers.set(named(...question), await subtle(...question));
  if (![...answers.values()].some((answer) => answer !== undefined)) return first;
  const engine: Engine = { ...nobleEngine, name: "noble, and this browser's WebCrypto as a second opinion" };
  return verify(bytes, {
    ...options,
    engine,
    second: { name: "this browser's WebCrypto", verify: (...question) => answers.get(named(...question)) },
  });
}

const named = (key: Bytes, message: Bytes, signature: Bytes): string =>
  `${hex(key)} ${hex(signature)} ${hex(nobleEngine.sha256(message))}`;

export async function subtle(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean | undefined> {
  const engine = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (engine === undefined || message.length > MAX_MESSAGE) return undefined;
  try {
    const imported = await engine.importKey("raw", new Uint8Array(key), { name: "Ed25519" }, false, ["verify"]);
    return await engine.verify({ name: "Ed25519" }, imported, new Uint8Array(signature), new Uint8Array(message));
  } catch {
    return undefined; // no Ed25519 in this browser
  }
}

/** RFC 8032 section 7.1, TEST 2: the verifier must accept it, and refuse it with one bit changed; otherwise the page shows nothing. */
export function selfTest(engine: Engine = nobleEngine): boolean {
  const key = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = fromHex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  return (
    engine.verify(key, utf8("r"), signature) &&
    !engine.verify(key, utf8("s"), signature) &&
    hex(engine.sha256(utf8(""))) === empty
  );
}
