/** The logged notices, found by what they are about: a registry may have many, and each of its documents asks. */
import { groupBy } from "../group-by.js";
import type { EntryOf } from "./entry.js";

type NoticeEntry = EntryOf<"notice">;

export class NoticeEntries {
  static readonly NONE = new NoticeEntries([]);
  readonly all: readonly NoticeEntry[];
  #about: ReadonlyMap<string, readonly NoticeEntry[]> | undefined;
  #revoking: ReadonlyMap<string, readonly NoticeEntry[]> | undefined;

  constructor(all: readonly NoticeEntry[]) {
    this.all = all;
  }

  /** Of the document with that payload digest. */
  about(digest: string): readonly NoticeEntry[] {
    this.#about ??= groupBy(this.all, ({ about }) => (about === undefined ? [] : [about]));
    return this.#about.get(digest) ?? [];
  }

  /** Revocations of any of these keys. */
  revoking(keyids: readonly string[]): readonly NoticeEntry[] {
    this.#revoking ??= groupBy(this.all, ({ action, key }) => (action === "revoke" && key !== undefined ? [key] : []));
    return [...new Set(keyids)].flatMap((keyid) => this.#revoking?.get(keyid) ?? []);
  }
}
