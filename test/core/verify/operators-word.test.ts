/**
 * An entry is its operator's word: it counts against somebody while its notice is kept back, by its notice where that is at hand, and it never
 * speaks for anybody. And nobody bears witness of what they signed, or of a log that they keep.
 */
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { describe, expect, test } from "vitest";
import { hex, type Bytes } from "../../../src/core/bytes.js";
import { formatEnvelope, parseEnvelope } from "../../../src/core/statement/envelope.js";
import { nodeOf, factsOf, graphOf } from "../../../src/core/audit/relations.js";
import { keyHistory } from "../../../src/core/verify/key-history.js";
import { noteKey } from "../../../src/core/keys/note.js";
import { noticeStatement } from "../../../src/core/statement/notice.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import {
  atRegistry,
  attestation,
  handOver,
  logOf,
  made,
  named,
  operators,
  replacement,
  retraction,
  revocation,
  type Made,
  type Shown,
} from "../histories.js";
import { engine, sites, yours } from "../looking.js";
import { result, signer, type TestSigner } from "../making.js";

const [critic, publisher, other] = [signer(), signer(), signer()];
const document = attestation(critic, named());
const shown = (notices: readonly Made[], entered: readonly Made[], more: Partial<Shown> = {}): Shown => ({
  document,
  signers: [critic, publisher, other],
  notices,
  entries: true,
  log: logOf([document, ...entered]),
  ...more,
});
const word = (all: Shown): string | undefined => atRegistry(all).standing?.word;

/** The same notice under another signature than its key's. */
function forged({ bytes }: Made): Made {
  const { payload, payloadType, signatures } = parseEnvelope(bytes);
  const sig = new Uint8Array(64).fill(7);
  const [first] = signatures;
  const spoilt = formatEnvelope({ payload, payloadType, signatures: [{ keyid: first!.keyid!, sig }] });
  const leaf = { ...made(payload, critic).leaf, signature: hex(engine.sha256(sig)) };
  return { ...made(payload, critic), bytes: spoilt, leaf, leaves: [leaf] };
}
/** One of the two signatures that a hand-over needs. */
const half = ({ bytes, ...all }: Made, by: TestSigner): Made => {
  const envelope = parseEnvelope(bytes);
  const signatures = envelope.signatures.filter(({ keyid }) => keyid === by.key.keyid);
  const leaves = all.leaves.filter((leaf) => leaf.kind === "notice" && leaf.keyid === by.key.keyid);
  return { ...all, bytes: formatEnvelope({ ...envelope, signatures }), leaf: leaves[0]!, leaves };
};

describe("an entry", () => {
  const junk = forged(retraction(document, critic));
  test("of a notice that is at hand with a bad signature takes nothing back", () => {
    expect(word(shown([junk], [junk]))).toBe("in-force");
    expect(word(shown([], [junk]))).toBe("retracted"); // kept back, nobody can tell
  });

  test("is of one signature: the same words under another one neither hide it nor stand for it", () => {
    const [his, mine] = [replacement(document, critic), replacement(document, other)];
    expect(his.digest).toBe(mine.digest);
    expect(word(shown([mine], [his, mine]))).toBe("superseded");
    expect(word(shown([mine], [mine]))).toBe("in-force");
  });

  test("counts though the notice at hand names another key for its signature, or none", () => {
    const taken = retraction(document, critic);
    const envelope = parseEnvelope(taken.bytes);
    for (const keyid of [other.key.keyid, `SHA256:${"A".repeat(43)}`, undefined]) {
      const bytes = formatEnvelope({ ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ keyid, sig })) });
      expect(word(shown([{ ...taken, bytes }], [taken]))).toBe("retracted");
    }
  });

  test("of a hand-over that one key alone signed joins nobody", () => {
    const alone = half(handOver(critic, publisher), publisher);
    const taken = retraction(document, publisher);
    for (const notices of [[alone, taken], [taken]]) expect(word(shown(notices, [alone, taken]))).toBe("in-force");
    expect(word(shown([taken], [handOver(critic, publisher), taken]))).toBe("retracted");
  });

  test("makes no critic the same as who is criticised", () => {
    const praised = attestation(publisher, named());
    const against = made(
      result({ relations: [{ type: "contradicts", target: "it", digest: { sha256: praised.digest } }] }),
      critic,
    );
    const handed = handOver(critic, publisher);
    const said = (notices: Made[]): number | undefined => {
      const log = logOf([praised, against, handed]);
      const cards = [praised, against].flatMap(
        (one) => nodeOf(atRegistry(shown(notices, [], { document: one, log })), "") ?? [],
      );
      return factsOf(graphOf(cards)).get(praised.digest)?.contradictedBy.length;
    };
    expect([said([]), said([handed])]).toEqual([1, 0]);
  });
});

describe("nobody is a witness", () => {
  const receiptOf = (bytes: Bytes, by: TestSigner): Made => {
    const { payloadBytes, signatures } = parseEnvelope(bytes);
    return made(
      noticeStatement(
        {
          version: 1,
          action: "receipt",
          signedAt: "2025-12-01T00:00:00Z",
          signature: hex(engine.sha256(signatures[0]!.sig)),
          payload: hex(engine.sha256(payloadBytes)),
        },
        engine,
      ) as Json as JsonObject,
      by,
    );
  };
  test("of their own signature, with an earlier key of theirs", () => {
    const keys = [yours(critic), yours(other), sites(publisher)];
    const seen = (by: TestSigner, ...handed: Made[]): boolean => {
      const documents = [receiptOf(document.bytes, by), revocation(publisher, publisher), ...handed];
      const notices = NoticeSet.read(
        documents.map(({ bytes }) => bytes),
        engine,
      );
      const { sig } = parseEnvelope(document.bytes).signatures[0]!;
      return keyHistory(notices, keys, engine).seen(sig, publisher.key.keyid) !== undefined;
    };
    expect([seen(other), seen(critic)]).toEqual([true, true]);
    expect(seen(critic, handOver(critic, publisher))).toBe(false);
  });

  const witnessed = (by: TestSigner, changes: Partial<Shown> = {}): boolean => {
    const witness = { key: noteKey("wit", by.key.bytes, "cosignature-v1", engine), by };
    const log = logOf([document], operators[0], witness);
    return atRegistry(shown([], [], { log, witnesses: [witness.key], ...changes })).logged?.witnessed !== undefined;
  };
  test("of a log that holds what they signed, or that they keep", () => {
    expect([witnessed(other), witnessed(critic), witnessed(operators[0])]).toEqual([true, false, false]);
  });

  test("and a log whose key is none is told, and throws nothing", () => {
    const spoilt = attestation(critic, { origin: named().origin, key: "rubbish" });
    const report = atRegistry(shown([], [], { document: spoilt }));
    expect(report.checks.find(({ name }) => name === "log")?.code).toBe("log-unproven");
  });

  test("also where the document does not say whose its signature is", () => {
    const envelope = parseEnvelope(document.bytes);
    const nameless = formatEnvelope({
      ...envelope,
      signatures: envelope.signatures.map(({ sig }) => ({ keyid: undefined, sig })),
    });
    expect(witnessed(critic, { document: { ...document, bytes: nameless } })).toBe(false);
    expect(witnessed(other, { document: { ...document, bytes: nameless } })).toBe(true);
  });
});
