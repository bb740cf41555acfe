/** The log page: its state, its signers, the summary of its entries, and the entries. */
import type { Logs, ReadLog } from "../core/log/read-all.js";
import type { LogEntry } from "../core/log/entry.js";
import { base64 } from "../core/bytes.js";
import { formatNoteKey, type NoteKey } from "../core/keys/note.js";
import { countsView, entryId, logFindingsView, isWithheld, openPlansView, type LogOnPage } from "./ledger.js";
import { date, facts, h, local, table, with_, type Child, type Element } from "./tree.js";
import { actionWords, logPageWording, MEMORY, type LogPageWord } from "./log-words.js";
import { count } from "./wording.js";

/** Limit for the table; all entries count. */
const ENTRIES_SHOWN = 200;

export interface LogPage {
  readonly about: { readonly title: string };
  readonly word: LogPageWord;
  /** What exactly was found, if anything. */
  readonly detail?: string | undefined;
  /** Whether the page's built-in copy was compared with the served log. */
  readonly compared?: boolean | undefined;
  readonly shown: LogOnPage;
  /** The reader's witnesses. Those that only the site lists never count. */
  readonly yours?: readonly NoteKey[];
}

const TONES: Partial<Readonly<Record<LogPageWord, string>>> = {
  "log-backwards": "bad",
  "log-rewritten": "bad",
  "log-damaged": "bad",
  nothing: "bad",
  verified: "plain",
};

export function logPage({ about, word, detail, compared = false, shown, yours = [] }: LogPage): Element[] {
  const { state, memory } = shown;
  const unreadable = word === "log-damaged" || word === "leaf-format";
  const read = state.kind === "read" && !unreadable ? state.ledger : undefined;
  const size = state.kind === "long" ? state.size : read?.summary.size;
  const findings = read?.summary.findings.length ?? 0;
  const { word: headline, sentence } = logPageWording(word, { size, findings, compared });
  const tone = TONES[word] ?? "open";
  return [
    h(
      "header",
      "title",
      h("p", "kicker", "Log"),
      h("h1", "", about.title),
      h(
        "p",
        "lede",
        "Every plan, result and notice signed here is entered in this list. No entry may ever be removed or changed, and anyone who saw the list before can tell if one was.",
      ),
    ),
    h(
      "div",
      `headline ${tone === "plain" && findings > 0 ? "open" : tone}`,
      with_("h2", { tabindex: "-1" }, headline),
      h("p", "", sentence, detail === undefined ? undefined : h("span", "note", ` ${detail}.`)),
    ),
    h(
      "section",
      "memory",
      h("h2", "", "What this browser remembers"),
      h("p", memory ?? "", memory === undefined ? "Not compared." : MEMORY[memory].sentence),
    ),
    ...(read === undefined
      ? []
      : [
          ...read.logs.map((log) => signedView(log, yours)),
          countsView({ ...shown, memory: undefined }, false),
          openPlansView(shown),
          logFindingsView(shown),
          entriesView(read, shown),
        ]
    ).filter((one) => one !== undefined),
  ];
}

/** One log: what its key signed, and who else saw it. */
function signedView({ key, opened }: ReadLog, yours: readonly NoteKey[]): Element {
  const { checkpoint, note, cosigned } = opened;
  const others = note.signatures.filter(({ name, id }) => name !== key.name || id !== key.id);
  const seen = others.map(({ name, id }): readonly [string, Child] => {
    const fits = cosigned.find((one) => one.key.name === name && one.key.id === id);
    const mine = yours.some((one) => one.name === name && one.id === id);
    const at = fits === undefined ? undefined : date(new Date(fits.at * 1000).toISOString());
    return [
      "cosigned by",
      [
        h("bdi", "", name),
        ...(at === undefined
          ? [", whose key is unknown: not checked"]
          : [
              " at ",
              at,
              mine ? ", by the key that you gave" : ", by a key that only this site lists: not confirmed by you",
            ]),
      ],
    ];
  });
  return h(
    "section",
    "signed",
    h("h2", "", "What the log's key signed"),
    facts("", [
      ["log", h("bdi", "", checkpoint.origin)],
      ["entries", String(checkpoint.size)],
      ["root", h("code", "digest", base64(checkpoint.root))],
      ["key", h("code", "digest", formatNoteKey(key))],
      ...(seen.length === 0
        ? [["cosigned by", "nobody, so its time and order are the operator's claim"] as const]
        : seen),
    ]),
  );
}

function entriesView({ logs }: Logs, { published }: LogOnPage): Element {
  const all = logs.flatMap(({ entries }, shard) =>
    entries.map((leaf, index) => ({ leaf, name: shard === 0 ? String(index) : `${shard + 1}/${index}` })),
  );
  const shown = all.slice(-ENTRIES_SHOWN).reverse();
  return h(
    "section",
    "entries",
    h("h2", "", "Entries"),
    h(
      "p",
      "note",
      shown.length < all.length
        ? `The latest ${shown.length} of ${all.length}; all are counted above.`
        : `${count(all.length, "entry", "entries")}, the latest first.`,
      " A link leads to the document's place according to the publisher.",
    ),
    all.length === 0
      ? h("p", "", "Nothing has been entered yet.")
      : table(
          "",
          ["Entry", "Document", "Content", "Signed (claimed)"],
          shown.map(({ leaf, name }) => [
            name,
            subject(leaf, published),
            says(leaf),
            leaf.kind === "shard" ? "" : date(leaf.at),
          ]),
        ),
  );
}

function subject(leaf: LogEntry, published: LogOnPage["published"]): Child {
  if (leaf.kind === "shard") return "the log before this one";
  const id = entryId(leaf);
  const known = published.here.get(leaf.payload);
  if (known !== undefined) return local(known.path, id);
  if (!isWithheld(leaf, published)) return local(`attestations/${id}.html`, id);
  return [h("code", "", id), h("p", "mark missing", "Not published here")];
}

function says(leaf: LogEntry): Child {
  switch (leaf.kind) {
    case "result":
      return [
        h("span", `verdict-line ${leaf.verdict.toLowerCase()}`, h("strong", "stamp small", leaf.verdict)),
        h("p", "id", leaf.plan === undefined ? "no plan" : `names plan_${leaf.plan.slice(0, 16)}`),
      ];
    case "plan":
      return ["plan", h("p", "id", "result promised until ", date(leaf.deadline))];
    case "notice":
      return [
        `a notice: it ${actionWords(leaf.action)}`,
        leaf.about === undefined ? undefined : h("p", "id", `about ${leaf.about.slice(0, 16)}`),
      ];
    case "shard":
      return ["continues ", h("bdi", "", leaf.origin), `, ${count(leaf.size, "entry", "entries")}`];
  }
}
