/**
 * A model of what a careful reader may conclude: small and slow, written from the rules and not from the code. A history is some hand-overs,
 * retractions, replacements and revocations, all of them in the log; whoever serves the registry keeps back any of their files.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { outcomeOf } from "../../src/core/codes.js";
import { publicKey } from "../../src/core/keys/key.js";
import type { Report } from "../../src/core/verify/report.js";
import { nodeEngine } from "../../src/node/engine.js";
import {
  atRegistry,
  attestation,
  handOver,
  logOf,
  made,
  named,
  onPage,
  replacement,
  retraction,
  revocation,
  type Made,
  type Shown,
} from "../core/histories.js";
import { result, type TestSigner } from "../core/making.js";

const KEYS = 4;

function nodeSigner(): TestSigner {
  const pair = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return { key: publicKey(raw, nodeEngine), sign: (message) => new Uint8Array(sign(null, message, pair.privateKey)) };
}
const signers = Array.from({ length: KEYS }, nodeSigner);

interface Event {
  readonly act: "hand over" | "retract" | "supersede" | "revoke";
  readonly by: number;
  /** The key that comes after, or that is revoked. */
  readonly key: number;
  /** Its file is served. */
  readonly served: boolean;
  /** A hand-over that is claimed to be before the attestation, so that its successor may have signed it. */
  readonly early?: boolean;
}

export interface History {
  /** Who signed the attestation; the reader was given key 0 alone. */
  readonly by: readonly number[];
  readonly events: readonly Event[];
  readonly log: "whole" | "unread" | "absent";
}

/** Few of them, so that what is said of one is often of another. */
const key = fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 2, 3);
const event = fc.record({
  act: fc.constantFrom<Event["act"]>("hand over", "hand over", "retract", "supersede", "revoke"),
  by: key,
  key,
  served: fc.boolean(),
  early: fc.boolean(),
});
export const history: fc.Arbitrary<History> = fc.record({
  by: fc.uniqueArray(key, { minLength: 1, maxLength: 2 }),
  events: fc.array(event, { maxLength: 7 }),
  log: fc.constantFrom<History["log"]>("whole", "whole", "unread", "absent"),
});

/** Signing takes longest, and there are few different documents. */
const known = new Map<string, Made>();
const once = (name: string, make: () => Made): Made => {
  const found = known.get(name) ?? make();
  known.set(name, found);
  return found;
};

function documentOf({ by, log }: History): Made {
  const place = log === "absent" ? undefined : named();
  return once(`${by.join()} ${String(place !== undefined)}`, () =>
    by.length === 1
      ? attestation(signers[by[0]!]!, place)
      : made(result({ ...(place && { log: { ...place } }) }), ...by.map((one) => signers[one]!)),
  );
}

function noticeOf({ act, by, key: other, early = false }: Event, about: Made): Made | undefined {
  const [one, two] = [signers[by]!, signers[other]!];
  return act === "hand over" && by === other
    ? undefined // to itself is none
    : once(`${act} ${by} ${other} ${String(early)} ${about.digest}`, () => {
        if (act === "hand over") return handOver(one, two, early ? "2026-03-01T09:00:00Z" : undefined);
        if (act === "revoke") return revocation(two, one);
        return act === "retract" ? retraction(about, one) : replacement(about, one);
      });
}

export function shownOf(told: History, policy: Shown["policy"]): Shown {
  const document = documentOf(told);
  const notices = told.events.flatMap((one) => {
    const notice = noticeOf(one, document);
    return notice === undefined ? [] : [{ notice, served: one.served }];
  });
  const all = [...new Set(notices.map(({ notice }) => notice))];
  return {
    document,
    signers,
    entries: told.log !== "unread",
    policy: policy ?? {},
    notices: notices.flatMap(({ notice, served }) => (served ? notice : [])),
    ...(told.log !== "absent" && { log: logOf([document, ...all]) }),
  };
}

/** All that can be reached along these steps, one at a time until nothing is added. */
function reached(from: number, steps: readonly (readonly [number, number])[]): Set<number> {
  const found = new Set([from]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [one, other] of steps)
      if (found.has(one) && !found.has(other)) {
        found.add(other);
        grown = true;
      }
  }
  return found;
}

/** What may be concluded at most from what can be known: all of it where the log is read, else what is served. */
export function allowed(told: History): {
  readonly accepted: boolean;
  readonly inForce: boolean;
  readonly owners: number;
} {
  const events = told.events.filter(
    (one) => (told.log === "whole" || one.served) && !(one.act === "hand over" && one.by === one.key),
  );
  const steps = events.flatMap(({ act, by, key: to }) => (act === "hand over" ? [[by, to] as const] : []));
  const line = (one: number): Set<number> => reached(one, steps);
  const revoked = (one: number): boolean =>
    events.some(({ act, by, key: of }) => act === "revoke" && of === one && line(one).has(by));
  const next = (one: number): Set<number> => new Set(steps.flatMap(([from, to]) => (from === one ? to : [])));
  // A key is trusted as key 0 is, where each key on the way led to one other alone and none of them is revoked.
  const trusted = new Set<number>();
  for (let one: number | undefined = 0; one !== undefined && !trusted.has(one) && !revoked(one);) {
    trusted.add(one);
    const after: Set<number> = next(one);
    one = after.size === 1 ? [...after][0] : undefined;
  }
  const good = told.by.filter((one) => trusted.has(one));
  const entitled = told.by.map(line);
  const taken = events.some(
    ({ act, by }) => (act === "retract" || act === "supersede") && entitled.some((keys) => keys.has(by)),
  );
  const both = steps.flatMap(([one, other]) => [[one, other] as const, [other, one] as const]);
  const owners = new Set(good.map((one) => [...reached(one, both)].sort().join()));
  return { accepted: good.length > 0, inForce: !taken && told.log !== "unread", owners: owners.size };
}

const PATHS: readonly ((shown: Shown) => Report)[] = [atRegistry, onPage];

/** What a path says that the model does not allow; empty where it says no more. */
export function saysMore(told: History): string[] {
  const most = allowed(told);
  const shown = shownOf(told, { notRetracted: true, minSigners: 2 });
  return PATHS.flatMap((path) => {
    const { checks, standing } = path(shown);
    const rest = checks.filter(({ name }) => name !== "policy");
    const met = (name: string): boolean => checks.find((one) => one.name === "policy")?.values[name] === "met";
    const accepted = rest.every(({ code }) => outcomeOf(code) === "accepted");
    return [
      ...(accepted && !most.accepted ? [`${path.name}: accepted`] : []),
      ...(accepted && met("not-retracted") && !most.inForce ? [`${path.name}: not taken back`] : []),
      ...(standing?.asOf !== undefined && standing.word === "in-force" && !most.inForce
        ? [`${path.name}: in force as of a state`]
        : []),
      ...(met("min-signers") && most.owners < 2 ? [`${path.name}: two signers`] : []),
    ];
  });
}
