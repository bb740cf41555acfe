/** The notices that a log names: those that end keys first, and each that is missing is counted. */
import { expect, test } from "vitest";
import type { Bytes } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import type { EntryOf } from "../../../src/core/log/entry.js";
import { NoticeEntries } from "../../../src/core/log/notice-entries.js";
import { MAX_NOTICES } from "../../../src/core/verify/key-history.js";
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { nodeEngine } from "../../../src/node/engine.js";
import { loggedNotices, type LoggedNotices } from "../../../src/pipeline/verify/logged-notices.js";
import { signNotice } from "../../../src/pipeline/publish/notice.js";
import type { Source } from "../../../src/store/source.js";
import { LogSource } from "../../../src/store/log-source.js";
import { attestationPath } from "../../../src/store/paths.js";
import { sha256 } from "../../cli/drafts.js";
import { signer } from "../../core/making.js";

const me = signer();
const by = { ...me, name: "me", sign: (message: Bytes) => Promise.resolve(me.sign(message)) };
const DOCUMENT = sha256("the document");

const entry = (action: string, payload: string, about?: string): EntryOf<"notice"> => ({
  kind: "notice",
  payload: sha256(payload),
  signature: sha256(`signature of ${payload}`),
  keyid: me.key.keyid,
  at: "2026-03-01T10:00:00Z",
  action,
  ...(about !== undefined && { about }),
});

/** A registry whose files are these, and what was asked of it. */
async function heard(
  entries: readonly EntryOf<"notice">[],
  { files = new Map<string, Bytes>(), known = NoticeSet.read([], nodeEngine), about = DOCUMENT } = {},
): Promise<LoggedNotices & { asked: readonly string[] }> {
  const asked: string[] = [];
  const read = (path: string): Promise<Bytes | undefined> => {
    asked.push(path);
    if (files.get(path)?.length === 0) return Promise.reject(new AttestError("network", "status 503"));
    return Promise.resolve(files.get(path));
  };
  const source: Source = { place: "a server", remote: true, read, digest: () => Promise.resolve(undefined) };
  const registry = { source, logs: new LogSource(read, [], nodeEngine) };
  return { ...(await loggedNotices(registry, known, new NoticeEntries(entries), about)), asked };
}

const pathOf = (payload: string): string => attestationPath(`note_${sha256(payload).slice(0, 16)}`);

test("rotations and revocations come first, receipts last; waivers and notices about others are not asked for", async () => {
  const { asked, unread } = await heard([
    entry("receipt", "receipt"),
    entry("retract", "about it", DOCUMENT),
    entry("retract", "about another", sha256("another")),
    entry("waive", "waiver", sha256("another")),
    entry("revoke", "revocation"),
    entry("rotate", "rotation"),
    entry("rotate", "rotation"), // by both keys
  ]);
  expect(asked).toEqual(["revocation", "rotation", "about it", "receipt"].map(pathOf));
  expect(unread).toBe("4 of 4 did not come");
});

test("what comes is a notice, whatever the entry says; what fails is counted; what is known is not read again", async () => {
  const said = {
    version: 1,
    action: "retract",
    about: DOCUMENT,
    reason: "Wrong.",
    signedAt: "2026-03-01T10:00:00Z",
  } as const;
  const { bytes, digest, id } = await signNotice(said, [by], nodeEngine);
  const logged = { ...entry("retract", "", DOCUMENT), payload: digest };
  const files = new Map([
    [attestationPath(id), bytes],
    [pathOf("fails"), new Uint8Array()],
  ]);
  const { notices, unread } = await heard([logged, entry("receipt", "fails")], { files });
  expect(notices.concerning(DOCUMENT)).toHaveLength(1);
  expect(unread).toBe("1 of 2 did not come");
  expect((await heard([logged], { files, known: notices })).asked).toEqual([]);
});

test("no more than the limit are asked for, and the others are missing", async () => {
  const entries = Array.from({ length: MAX_NOTICES + 5 }, (_, at) => entry("receipt", String(at)));
  const { asked, unread } = await heard([...entries, entry("revoke", "last")]);
  expect(asked).toHaveLength(MAX_NOTICES);
  expect(asked[0]).toBe(pathOf("last"));
  expect(unread).toBe(`${MAX_NOTICES + 6} of ${MAX_NOTICES + 6} did not come`);
});
