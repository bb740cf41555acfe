/** What is kept of a stream, held against a model that keeps all of it; and a timeline that stays short. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Capture, Timeline, type Captured } from "../../../src/harness/command/output-capture.js";
import { Redactor, type Secret } from "../../../src/harness/redaction/redact.js";

const AS_IT_IS = (): Redactor => new Redactor([], { rules: [] });
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function captured(chunks: readonly Uint8Array[], kept?: number, redactor = AS_IT_IS()): Captured {
  const capture = new Capture(redactor, kept);
  for (const chunk of chunks) capture.write(chunk);
  return capture.end();
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** No two stretches of it are the same. */
const stream = (length: number): Buffer => {
  const numbers = Buffer.alloc(length + 3);
  for (let at = 0; at < length; at += 4) numbers.writeUInt32BE((at * 2654435761) >>> 0, at);
  return numbers.subarray(0, length);
};

function model(bytes: Buffer, kept: number): Omit<Captured, "redactions" | "unredacted"> {
  const gap = Math.max(0, bytes.length - 2 * kept);
  const whole = { size: bytes.length, sha256: sha256(bytes) };
  if (gap === 0) return { bytes: Uint8Array.from(bytes), whole, truncated: false };
  const parts = [
    bytes.subarray(0, kept),
    Buffer.from(`\n[${gap} bytes are not kept here]\n`),
    bytes.subarray(bytes.length - kept),
  ];
  return { bytes: Uint8Array.from(Buffer.concat(parts)), whole, truncated: true };
}

describe("head and tail", () => {
  test.each<[string, fc.Arbitrary<number>, fc.Arbitrary<number>, fc.Arbitrary<number[]>, number]>([
    [
      "a few bytes",
      fc.integer({ min: 1, max: 40 }),
      fc.nat(200),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      2000,
    ],
    [
      "many blocks",
      fc.integer({ min: 1, max: 200_000 }),
      fc.nat(900_000),
      fc.array(fc.integer({ min: 5000, max: 300_000 }), { minLength: 1 }),
      60,
    ],
  ])("%s: as if all were kept, and then cut", (_, limit, length, sizes, numRuns) => {
    fc.assert(
      fc.property(limit, length, sizes, (kept, size, chunks) => {
        const bytes = stream(size);
        const { redactions, unredacted, ...rest } = captured([...cut(bytes, chunks)], kept);
        const expected = model(bytes, kept);
        expect({ ...rest, bytes: sha256(rest.bytes) }).toEqual({ ...expected, bytes: sha256(expected.bytes) });
        expect(redactions).toEqual({ count: 0, rules: [] });
        expect([sha256(unredacted.bytes), unredacted.truncated]).toEqual([sha256(rest.bytes), rest.truncated]);
      }),
      { numRuns },
    );
  });

  test.each([-1, 0, 1])("at the limit, and %i bytes more", (more) => {
    const kept = 128 * 1024; // blocks are filled to the last byte
    const bytes = stream(2 * kept + more);
    for (const size of [1000, 64 * 1024, bytes.length]) {
      const { truncated, bytes: left, whole } = captured([...cut(bytes, [size])], kept);
      expect({ truncated, whole }).toEqual({
        truncated: more > 0,
        whole: { size: bytes.length, sha256: sha256(bytes) },
      });
      if (!truncated) expect(sha256(left)).toBe(whole.sha256);
    }
  });

  test("nothing is printed", () => {
    expect(captured([])).toEqual({
      bytes: new Uint8Array(),
      whole: { size: 0, sha256: sha256(new Uint8Array()) },
      truncated: false,
      redactions: { count: 0, rules: [] },
      unredacted: { bytes: new Uint8Array(), truncated: false },
    });
  });

  test("size and digest are those of the redacted stream, however the secret falls on a border", () => {
    const secret: Secret = { name: "NAME", value: "correct horse battery" };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(100),
        fc.nat(100),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (kept, before, after, sizes) => {
          const text = (instead: string): Buffer => Buffer.from(`${"a".repeat(before)}${instead}${"b".repeat(after)}`);
          const redactor = new Redactor([secret], { rules: [] });
          const { redactions, unredacted, ...rest } = captured([...cut(text(secret.value), sizes)], kept, redactor);
          expect(rest).toEqual(model(text("[redacted]"), kept));
          expect(redactions.count).toBe(1);
          expect(unredacted.bytes).toEqual(model(text(secret.value), kept).bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("two streams that are looked through in the same way do not mix", () => {
    const secret: Secret = { name: "NAME", value: "correct horse battery" };
    const first = new Redactor([secret], { rules: [] });
    const [some, other] = [new Capture(first.another()), new Capture(first.another())];
    for (const byte of Buffer.from(secret.value)) {
      some.write(Uint8Array.of(byte));
      other.write(Uint8Array.of(byte, 0));
    }
    const [one, two] = [some.end(), other.end()];
    expect(Buffer.from(one.bytes).toString()).toBe("[redacted]");
    expect(Buffer.from(two.bytes).toString("utf16le")).toBe("[redacted]");
    expect([one.redactions.count, two.redactions.count, first.redactions.count]).toEqual([1, 1, 0]);
  });

  test("what a caller does with its buffer afterwards changes nothing", () => {
    const capture = new Capture(AS_IT_IS(), 100);
    const buffer = Buffer.alloc(50);
    for (const letter of "abcdef") capture.write(buffer.fill(letter));
    buffer.fill("x");
    expect(Buffer.from(capture.end().bytes).toString()).toBe(
      `${"a".repeat(50)}${"b".repeat(50)}\n[100 bytes are not kept here]\n${"e".repeat(50)}${"f".repeat(50)}`,
    );
  });

  test("a million bytes, one at a time, cost little more than a million bytes", () => {
    const capture = new Capture(AS_IT_IS());
    const used = (): number => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = used();
    const dot = Buffer.from(".");
    for (let at = 0; at < 1_000_000; at += 1) capture.write(dot);
    // With an array for each byte it was 140 MB. Garbage that has not been collected counts here.
    expect(used() - before).toBeLessThan(80_000_000);
    expect(capture.end().whole.size).toBe(1_000_000);
  });
});

describe("timeline", () => {
  const lines = (timeline: Timeline): Record<string, unknown>[] =>
    Buffer.from(timeline.end())
      .toString()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test("every byte of each stream is in a line, and the lines are in order", () => {
    const streams = fc.array(fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), fc.nat(1000)));
    fc.assert(
      fc.property(streams, (written) => {
        const timeline = new Timeline();
        for (const [stream, bytes] of written) timeline.output(stream, bytes);
        timeline.event("exit", { code: 0 });
        const all = lines(timeline);
        for (const stream of ["stdout", "stderr"]) {
          const sum = (from: readonly (readonly [unknown, unknown])[]): number =>
            from.filter(([name]) => name === stream).reduce((total, [, bytes]) => total + Number(bytes), 0);
          expect(sum(all.map((line) => [line["stream"], line["bytes"]] as const))).toBe(sum(written));
        }
        const times = all.map(({ ms }) => Number(ms));
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(all.at(-1)).toMatchObject({ event: "exit", code: 0 });
      }),
      { numRuns: 300 },
    );
  });

  test("a stretch of one stream is one line", () => {
    const timeline = new Timeline();
    for (let at = 0; at < 1000; at += 1) timeline.output("stdout", 7);
    const all = lines(timeline);
    expect(all.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(7000);
    expect(all.length).toBeLessThan(1000);
  });

  test("a million turns are not a million lines, and the end is told all the same", () => {
    const timeline = new Timeline();
    for (let at = 0; at < 1_000_000; at += 1) timeline.output(at % 2 === 0 ? "stdout" : "stderr", 1);
    timeline.event("exit", { code: 3 });
    const bytes = timeline.end();
    expect(bytes.length).toBeLessThan(6_000_000);
    const text = Buffer.from(bytes).toString();
    expect(text.split("\n").length).toBeLessThan(100_010);
    expect(JSON.parse(text.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ event: "exit", code: 3 });
  });
});
