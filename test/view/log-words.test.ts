/** What is said of a log: each state in a sentence of its own, none like a bad signature, and what was taken back before all else. */
import { NoticeSet } from "../../src/core/verify/notice-set.js";
import { NoticeEntries } from "../../src/core/log/notice-entries.js";
import { describe, expect, test } from "vitest";
import { utf8, type Bytes } from "../../src/core/bytes.js";
import type { Code } from "../../src/core/codes.js";
import { sealCheckpoint } from "../../src/core/log/checkpoint.js";
import { canonical } from "../../src/core/json.js";
import { formatEntry, entryOf, type LogEntry, type EntryOf } from "../../src/core/log/entry.js";
import { consistencySince, readAllLogs, type Logs, type WholeLog } from "../../src/core/log/read-all.js";
import { checkPresence, type LogEvidence } from "../../src/core/log/presence.js";
import { leafHash, treeHead } from "../../src/core/log/merkle.js";
import { formatNoteKey, noteKey } from "../../src/core/keys/note.js";
import { noticeStatement, type Notice } from "../../src/core/statement/notice.js";
import type { Json, JsonObject } from "../../src/core/json.js";
import { formatProof } from "../../src/core/log/proof.js";
import type { Report } from "../../src/core/verify/report.js";
import { identify } from "../../src/core/statement/statement.js";
import { countsView, openPlansView, publishedFrom, span } from "../../src/view/ledger.js";
import { indexPage } from "../../src/view/list.js";
import { logPageWording, logWording, MEMORY, type LogPageWord } from "../../src/view/log-words.js";
import { headlineOf } from "../../src/view/headline.js";
import { standingView, withdrawnView } from "../../src/view/standing.js";
import { textLines } from "../../src/view/text.js";
import type { Element } from "../../src/view/tree.js";
import { SIGNATURE } from "../../src/view/words.js";
import { check, engine, look, sites, yours } from "../core/looking.js";
import { result, sealed, signed, signer } from "../core/making.js";

const sha256 = (data: Bytes): Bytes => engine.sha256(data);
const [me, other, operator] = [signer(), signer(), signer()];
const key = noteKey("log.example.org", operator.key.bytes, "ed25519", engine);
const named = { origin: key.name, key: formatNoteKey(key) };
const payload = result({ log: named });
const document = sealed(payload, me);
const { digest } = identify(canonical(payload), engine);
const text = (...trees: readonly (Element | undefined)[]): string =>
  trees.flatMap((tree) => (tree === undefined ? [] : textLines(tree, 400))).join("\n");

const entered = (of: JsonObject, by = me): LogEntry => {
  const { payloadBytes, signatures } = signed(of, [by]);
  const { sig } = signatures[0]!;
  return entryOf({ payload: of, digest: identify(payloadBytes, engine).digest, keyid: by.key.keyid, sig }, engine)!;
};
const plan = (at: string, deadline: string, fill: string): LogEntry => ({
  kind: "plan",
  payload: fill.repeat(64),
  signature: fill.repeat(64),
  keyid: me.key.keyid,
  at,
  deadline,
  test: "7".repeat(64),
});
const whole = (...leaves: readonly LogEntry[]): WholeLog => {
  const entries = leaves.map(formatEntry);
  const head = treeHead(
    entries.map((entry) => leafHash(entry, sha256)),
    sha256,
  );
  return {
    key,
    entries,
    checkpoint: sealCheckpoint({ origin: key.name, ...head }, key, (message) => operator.sign(message)),
  };
};
const open = (log: WholeLog): Logs => {
  const read = readAllLogs([log], [], engine);
  if ("fault" in read) throw new Error(read.fault.detail);
  return read;
};
const one = whole(entered(payload));
const proof = formatProof({ index: 0, hashes: [], checkpoint: one.checkpoint });

describe("the words for each state of a log", () => {
  const codes: Code[] = [
    ...(["no-log", "no-proof", "log-missing", "log-unproven"] as const),
    ...(["log-backwards", "log-rewritten", "log-damaged", "leaf-format"] as const),
  ];

  test("are all others, and none is like a bad signature", () => {
    const all = codes.map(logWording);
    expect(new Set(all.map(({ word }) => word)).size).toBe(codes.length);
    expect(new Set(all.map(({ sentence }) => sentence)).size).toBe(codes.length);
    for (const { word, sentence } of all) {
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(sentence).not.toContain(SIGNATURE.bad.sentence);
      expect(`${word} ${sentence}`).not.toMatch(/forg|tamper|signature is (?:bad|wrong)/i);
    }
  });

  test("of a page and of a memory are all others too", () => {
    const words: LogPageWord[] = [
      "pending",
      "checking",
      "verified",
      "file",
      "offline",
      "log-backwards",
      "log-rewritten",
      "log-damaged",
      "leaf-format",
    ];
    expect(new Set(words.map((word) => logPageWording(word, { size: 9 }).word)).size).toBe(words.length);
    expect(logPageWording("verified", { size: 9 }).word).toContain("state 9");
    const sentences = Object.values(MEMORY).map(({ sentence }) => sentence);
    expect(new Set(sentences).size).toBe(sentences.length);
  });
});

describe("of one document", () => {
  const shown = (log: LogEvidence | undefined): Report =>
    look(document, [yours(me)], {
      notices: NoticeSet.read([], engine),
      ...(log && { log, entries: { notices: NoticeEntries.NONE, whole: true } }),
    });

  test.each<[what: string, log: LogEvidence | undefined, word: string, tone: string, line: RegExp]>([
    [
      "in it",
      { proof, served: { checkpoint: one.checkpoint } },
      "Signed, unchanged",
      "good",
      /in the log +entry 0 of log\.example\.org, as of log state 1; the order/,
    ],
    [
      "nothing of it is available",
      undefined,
      "Signed, unchanged — but whether it was retracted is not known",
      "open",
      /in the log +not looked up/,
    ],
    [
      "not in it",
      { served: { checkpoint: one.checkpoint } },
      "Signed, unchanged — but not in the log",
      "open",
      /in the log +not in the log\. .*never entered/,
    ],
    [
      "a proof of another",
      { proof: formatProof({ index: 1, hashes: [], checkpoint: one.checkpoint }) },
      "Signed, unchanged — but not shown to be in the log",
      "open",
      /proof beside it is wrong/,
    ],
    [
      "backwards",
      { proof, served: { checkpoint: whole().checkpoint } },
      "Signed, unchanged — but the log went backwards",
      "open",
      /fewer entries/,
    ],
    [
      "rewritten",
      { proof, served: { checkpoint: whole(plan("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "a")).checkpoint } },
      "Signed, unchanged — but the log was rewritten",
      "open",
      /has changed or moved/,
    ],
    [
      "damaged",
      { proof: utf8("x"), served: { checkpoint: one.checkpoint, damage: "expected a tile, found none" } },
      "Signed, unchanged — but the log is damaged",
      "open",
      /contradict each other/,
    ],
  ])("%s", (_, log, word, tone, line) => {
    const report = shown(log);
    expect(report.signature).toBe("ok");
    expect([headlineOf(report).word, headlineOf(report).tone]).toEqual([word, tone]);
    expect(text(standingView(report))).toMatch(line);
  });

  test("a log that grew since it was remembered, and nothing shows how, was not compared: that is no finding", () => {
    const remembered = { key: named.key, checkpoint: whole().checkpoint };
    const served = { checkpoint: one.checkpoint };
    const report = shown({ proof, served, remembered });
    expect(report.logged?.uncompared).toBe(0);
    expect(headlineOf(report).tone).toBe("good");
    expect(check(report, "log").detail).toContain("had 0 when this verifier last saw it");
    expect(
      checkPresence(named, { proof, served: { ...served, sinceRemembered: [] }, remembered }, engine).uncompared,
    ).toBeUndefined();
    const wrong = whole(plan("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "a"));
    const two = whole(entered(payload), plan("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "b"));
    const rewritten = checkPresence(
      named,
      {
        served: { checkpoint: two.checkpoint, sinceRemembered: [] },
        remembered: { key: named.key, checkpoint: wrong.checkpoint },
      },
      engine,
    );
    expect(rewritten.fault?.code).toBe("log-rewritten"); // a proof that does not fit is another thing than none
  });

  test("names no plan: nothing is known of other runs", () => {
    expect(text(standingView(shown(undefined)))).toContain(
      "no plan: nothing was announced beforehand, so nothing is known about other runs",
    );
  });
});

describe("of one that was taken back", () => {
  const notice = (action: "retract" | "supersede"): JsonObject => {
    const said = {
      version: 1,
      action,
      about: digest,
      reason: "It was Sunday.",
      signedAt: "2026-03-01T12:00:00Z",
      ...(action === "supersede" && { by: "f".repeat(64) }),
    } as Notice;
    return noticeStatement(said, engine) as Json as JsonObject;
  };
  const said = (action: "retract" | "supersede", by = me): Bytes => sealed(notice(action), by);

  test("by its signer: first, with date and reason, and never green", () => {
    const read = { log: { proof }, entries: { notices: NoticeEntries.NONE, whole: true } };
    const report = look(document, [yours(me)], { notices: NoticeSet.read([said("retract")], engine), ...read });
    expect([headlineOf(report).word, headlineOf(report).tone]).toEqual(["Retracted by its signer", "bad"]);
    const first = text(withdrawnView(report));
    expect(first).toContain("As of log state 1, its signer no longer stands by it: It was Sunday.");
    expect(first).toContain("2026-03-01 12:00:00 UTC (claimed)");
  });

  test("by another that replaces it: which one, and not green either", () => {
    const report = look(document, [yours(me)], { notices: NoticeSet.read([said("supersede")], engine) });
    expect([headlineOf(report).word, headlineOf(report).tone]).toEqual([
      "Signed, unchanged — but replaced by a later one",
      "open",
    ]);
    expect(text(withdrawnView(report))).toContain(`Read this one instead: sha256:${"f".repeat(64)}`);
    expect(JSON.stringify(withdrawnView(report, { evidence: () => undefined, page: (id) => `${id}.html` }))).toContain(
      `"href":"test_${"f".repeat(16)}.html"`,
    );
  });

  test("by somebody else: nothing on top, and a contradiction without effect below", () => {
    const report = look(document, [yours(me), sites(other)], {
      notices: NoticeSet.read([said("retract", other)], engine),
      entries: { notices: NoticeEntries.NONE, whole: true },
    });
    expect(withdrawnView(report)).toBeUndefined();
    expect(headlineOf(report).tone).toBe("good");
    expect(text(standingView(report))).toMatch(
      /by someone else +says that it is retracted, which only its signer can say: It was Sunday\./,
    );
  });

  test("by an entry whose notice is not at hand: that is said", () => {
    const report = look(document, [yours(me)], {
      notices: NoticeSet.read([], engine),
      entries: { notices: new NoticeEntries([entered(notice("retract")) as EntryOf<"notice">]), whole: true },
    });
    expect(text(withdrawnView(report))).toContain("is not published here");
    expect(headlineOf(report).tone).toBe("bad");
  });
});

describe("of all entries together", () => {
  const late = plan("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "a");
  const early = plan("2026-01-03T00:00:00Z", "2026-02-03T00:00:00Z", "b");
  const log = open(whole(late, early, entered(payload)));
  const now = new Date("2026-01-05T12:00:00Z");
  const state = { kind: "read", ledger: log } as const;

  test("plans without a result stand there with their age, or by how much they are late", () => {
    const view = text(openPlansView({ state, published: publishedFrom([]), now }));
    expect(view).toContain("overdue by 3 days");
    expect(view).toContain("open, 2 days old");
    expect(view).toContain("A plan that is not published here");
  });

  test("what is published nowhere is a row with its verdict; what is on another page is none", () => {
    const page = (elsewhere: readonly string[]): string =>
      text(
        ...indexPage({
          about: { origin: "x", title: "x" },
          rows: [],
          signers: [],
          pending: false,
          log: { state, published: publishedFrom([], { elsewhere, departed: [] }), now },
        }),
      );
    expect(page([])).toMatch(/A result that only the log shows[\s\S]*VALIDATED/);
    expect(page([`test_${digest.slice(0, 16)}.json`])).not.toContain("only the log shows");
  });

  test("the counts claim no more than the log gives", () => {
    const view = text(countsView({ state, published: publishedFrom([]), now }));
    expect(view).toContain("as of log state 3");
    expect(view).toContain("Nothing is known about runs that were never announced.");
    expect(view).not.toMatch(/complete|all runs|every run/i);
    expect(text(countsView({ state: { kind: "none" }, published: publishedFrom([]) }))).toContain(
      "This registry lists no log",
    );
  });

  test("one that was spoilt counts for nothing", () => {
    const { entries, checkpoint } = whole(late, early);
    for (const wrong of [entries.slice(1), [...entries].reverse(), [entries[0]!, utf8("{}")]]) {
      const read = readAllLogs([{ key, entries: wrong, checkpoint }], [], engine);
      expect("fault" in read && read.fault.code).toBe("log-damaged");
    }
    const unknown = whole(late);
    const forms = [utf8('{"kind":"later"}')];
    const head = treeHead(
      forms.map((entry) => leafHash(entry, sha256)),
      sha256,
    );
    const later = {
      ...unknown,
      entries: forms,
      checkpoint: sealCheckpoint({ origin: key.name, ...head }, key, (message) => operator.sign(message)),
    };
    const read = readAllLogs([later], [], engine);
    expect("fault" in read && read.fault.code).toBe("leaf-format");
  });

  test("how it grew is computed from the entries themselves", () => {
    const [all] = log.logs;
    const head = (...leaves: LogEntry[]) =>
      treeHead(
        leaves.map((leaf) => leafHash(formatEntry(leaf), sha256)),
        sha256,
      );
    expect(consistencySince(head(), all!)).toBe("grown");
    expect(consistencySince(head(late, early), all!)).toBe("grown");
    expect(consistencySince(head(early, late), all!)).toBe("rewritten");
    expect(consistencySince(head(late, early, entered(payload)), all!)).toBe("same");
    expect(consistencySince(head(late, early, late, early), all!)).toBe("backwards");
  });

  test.each([
    ["2026-01-05T11:59:30Z", "0 minutes"],
    ["2026-01-05T11:59:00Z", "1 minute"],
    ["2026-01-05T11:00:00Z", "1 hour"],
    ["2026-01-04T11:00:00Z", "25 hours"],
    ["2026-01-03T12:00:00Z", "2 days"],
    ["2026-02-03T12:00:00Z", "0 minutes"],
  ])("since %s: %s", (from, words) => {
    expect(span(from, now)).toBe(words);
  });
});
