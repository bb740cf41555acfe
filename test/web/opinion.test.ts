/** The second opinion, and the verifier's test of itself, without a browser: Node has the same WebCrypto. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { nobleEngine, type Engine } from "../../src/core/engine.js";
import { selfTest, verifyTwice } from "../../web/opinion.js";
import { look, yours } from "../core/looking.js";
import { NOW, result, sealed, signer, statement } from "../core/making.js";

describe("a verifier that is broken shows nothing", () => {
  test("ours is not", () => {
    expect(selfTest()).toBe(true);
    expect(selfTest(nobleEngine)).toBe(true);
  });

  test.each<[string, Partial<Engine>]>([
    ["accepts everything", { verify: () => true }],
    ["refuses everything", { verify: () => false }],
    [
      "does not read the message",
      { verify: (key, _, signature) => nobleEngine.verify(key, Uint8Array.of(0x72), signature) },
    ],
    ["hashes to nothing", { sha256: () => new Uint8Array(32) }],
  ])("an engine that %s fails the test", (_, broken) => {
    expect(selfTest({ ...nobleEngine, ...broken })).toBe(false);
  });
});

describe("verifyTwice", () => {
  afterEach(() => void vi.restoreAllMocks());
  const me = signer();
  const file = sealed(statement(), me);
  const options = { keys: [yours(me)], now: NOW };

  test("gives the report of one engine, with the name of two", async () => {
    const report = await verifyTwice(file, options);
    expect(report).toEqual({
      ...look(file, options.keys, { engine: nobleEngine }),
      engine: "noble, and this browser's WebCrypto as a second opinion",
    });
  });

  test("asks about what noble accepted, and about nothing else", async () => {
    const asked = vi.spyOn(crypto.subtle, "verify");
    await verifyTwice(file, { ...options, keys: [] });
    await verifyTwice(
      file.map((byte, at) => (at === 900 ? byte ^ 1 : byte)),
      options,
    );
    expect(asked).not.toHaveBeenCalled();
    await verifyTwice(file, options);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("does not ask about a message above 60,000 bytes: one engine's tab dies of it", async () => {
    const asked = vi.spyOn(crypto.subtle, "verify");
    const report = await verifyTwice(sealed(result({ summary: "long ".repeat(12_000) }), me), options);
    expect(asked).not.toHaveBeenCalled();
    expect(report).toMatchObject({ outcome: "accepted", signature: "ok", engine: "noble" });
  });

  test("a no against our yes is a state of its own", async () => {
    vi.spyOn(crypto.subtle, "verify").mockResolvedValue(false);
    expect(await verifyTwice(file, options)).toMatchObject({
      outcome: "unchecked",
      signature: "not-checked",
      trust: "not-checked",
    });
  });

  test("of two signatures each is asked about; one no is enough", async () => {
    const other = signer();
    const verify = vi.spyOn(crypto.subtle, "verify").mockResolvedValueOnce(true).mockResolvedValueOnce(false);
    const report = await verifyTwice(sealed(statement(), me, other), { keys: [yours(me), yours(other)], now: NOW });
    expect(verify).toHaveBeenCalledTimes(2);
    expect(report).toMatchObject({ outcome: "unchecked", signature: "not-checked" });
  });

  test("an engine that breaks is no second opinion", async () => {
    vi.spyOn(crypto.subtle, "verify").mockRejectedValue(new Error("broken"));
    expect(await verifyTwice(file, options)).toMatchObject({ outcome: "accepted", engine: "noble" });
  });
});
