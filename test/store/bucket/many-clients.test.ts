/**
 * Several machines write one bucket, with faults at random: nothing that was acknowledged is lost, nothing is done twice, and versions have no
 * gaps. A call that failed may have been done, once.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromUtf8, utf8, type Bytes } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import { Bucket } from "../../../src/store/bucket.js";
import { NIGHT } from "../../night.js";
import { MemoryS3, type Fault } from "./memory-s3.js";

const server = new MemoryS3();
beforeAll(() => server.start());
afterAll(() => server.stop());

const PATIENCE = { totalMs: 40, firstMs: 1, longestMs: 3, attemptMs: 2_000 };
const FAULTS: readonly Fault[] = ["slow", "lost", "twice", "short", "reset", 409, 429, 500, 503];
const FILES = ["a", "b"];
const MARKS = ["m/1", "m/2"];

type Act =
  | { readonly do: "update" | "replace" | "create"; readonly file: string }
  | { readonly do: "mark" | "unmark"; readonly file: string }
  | { readonly do: "read"; readonly file: string };

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("update" as const), file: fc.constantFrom(...FILES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("replace" as const), file: fc.constant("r") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("create" as const), file: fc.constantFrom("c", "d", "a") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("mark" as const, "unmark" as const), file: fc.constantFrom(...MARKS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), file: fc.constantFrom(...FILES, "r") }) },
);

/** The word of a call, which appears nowhere else. */
const word = (client: number, at: number): string => `${client}.${at};`;
const words = (bytes: Bytes | undefined): string[] =>
  bytes === undefined ? [] : (fromUtf8(bytes).match(/[^;]*;/g) ?? []);

test("whatever they do, and whatever happens", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(acts, { maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(0, 0.05, 0.3),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...FAULTS)), {
        minLength: 50,
        maxLength: 50,
      }),
      async (clients, often, luck) => {
        server.objects.clear();
        server.requests.length = 0;
        let request = 0;
        server.fault = () => {
          const [chance, fault] = luck[(request += 1) % luck.length] ?? [1, "none"];
          return chance < often ? fault : "none";
        };
        const done: { act: Act; word: string; result: unknown }[] = [];
        await Promise.all(
          clients.map(async (list, client) => {
            const store = new Bucket("s3://bucket/lab", server.environment, PATIENCE);
            const seen = new Map<string, number>();
            for (const [at, act] of list.entries()) {
              const mine = word(client, at);
              const result = await perform(store, act, mine).catch((error: unknown) => {
                if (!(error instanceof AttestError)) throw error;
                return error;
              });
              done.push({ act, word: mine, result });
              // What was read once stays: a file grows.
              if (act.do === "read" && FILES.includes(act.file) && !(result instanceof AttestError)) {
                const { length } = words(result as Bytes | undefined);
                expect(length).toBeGreaterThanOrEqual(seen.get(act.file) ?? 0);
                seen.set(act.file, length);
              }
            }
          }),
        );
        server.fault = () => "none";
        const store = new Bucket("s3://bucket/lab", server.environment, PATIENCE);
        const of = (what: Act["do"], file: string): typeof done =>
          done.filter(({ act }) => act.do === what && act.file === file);

        for (const file of FILES) {
          const there = words(await store.read(file));
          const updates = of("update", file);
          expect(new Set(there).size).toBe(there.length); // nothing twice
          for (const { word: one, result } of updates)
            if (!(result instanceof AttestError)) expect(there).toContain(one); // nothing lost
          const creates = of("create", file);
          for (const one of there) expect([...updates, ...creates].map((call) => call.word)).toContain(one);
          for (const { word: one, result } of creates) if (result === "created") expect(there[0]).toBe(one);
        }
        for (const file of ["c", "d"]) {
          const [there] = words(await store.read(file));
          const creates = of("create", file);
          const made = creates.filter(({ result }) => result === "created");
          expect(made.length).toBeLessThanOrEqual(1);
          for (const { word: one } of made) expect(there).toBe(one);
          if (there === undefined) expect(creates.every(({ result }) => result instanceof AttestError)).toBe(true);
        }
        const [last] = words(await store.read("r"));
        if (last !== undefined) expect(of("replace", "r").map((one) => one.word)).toContain(last);
        for (const mark of MARKS)
          if (
            of("unmark", mark).length === 0 &&
            of("mark", mark).some(({ result }) => !(result instanceof AttestError))
          )
            expect(await store.read(mark)).toEqual(utf8(""));

        for (const file of [...FILES, "r"]) noGaps(file);
        // A writer who comes last repairs every hint.
        for (const file of [...FILES, "r"]) {
          await store.update(file, () => undefined);
          const newest = versions(file).length;
          const { headers, body } = server.objects.get(`lab/${file}`) ?? {};
          if (newest > 0) expect(headers?.["x-amz-meta-version"]).toBe(String(newest));
          expect(body === undefined ? undefined : new Uint8Array(body)).toEqual(await store.read(file));
        }
      },
    ),
    { numRuns: NIGHT ? 300 : 40, endOnFailure: true },
  );
});

async function perform(store: Bucket, act: Act, mine: string): Promise<unknown> {
  switch (act.do) {
    case "update":
      return void (await store.update(act.file, (bytes) =>
        utf8(`${bytes === undefined ? "" : fromUtf8(bytes)}${mine}`),
      ));
    case "replace":
      return void (await store.replace(act.file, utf8(mine)));
    case "create":
      return await store.create(act.file, utf8(mine));
    case "mark":
      return await store.create(act.file, utf8(""));
    case "unmark":
      return void (await store.remove(act.file));
    case "read":
      return await store.read(act.file);
  }
}

const versions = (file: string): string[] => server.keys.filter((key) => key.startsWith(`lab/${file}.v/`));

function noGaps(file: string): void {
  const found = versions(file);
  expect(found).toEqual(found.map((_, at) => `lab/${file}.v/${String(at + 1).padStart(12, "0")}`));
}
