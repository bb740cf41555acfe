/** The page: takes documents and keys, verifies here, and writes everything that is shown anew from what was verified. */
import { envelopeIn, marksIn, plansIn } from "../src/core/brought.js";
import { fromUtf8, utf8, type Bytes } from "../src/core/bytes.js";
import { nobleEngine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { formatKey, parseKey } from "../src/core/key.js";
import { EMPTY_KEYRING, parseKeyring, type Keyring } from "../src/core/keyring.js";
import { enteredIn } from "../src/core/ledger.js";
import { historyOf, type History } from "../src/core/lifecycle.js";
import type { Report } from "../src/core/report.js";
import { bestSigner, knownFrom, type Known } from "../src/core/signatures.js";
import { givenUp } from "../src/core/standing.js";
import type { VerifyOptions } from "../src/core/verify.js";
import type { Entered } from "../src/core/verify-options.js";
import { isPage } from "../src/formats/page.js";
import { parseSkin } from "../src/formats/skins.js";
import { publishedFrom, unloggedIn, type LogShown } from "../src/view/ledger.js";
import { indexPage } from "../src/view/list.js";
import { signerLabel } from "../src/view/notice.js";
import type { LogText, PageData } from "../src/view/page-data.js";
import { cardOf } from "../src/core/audit/relations.js";
import type { Related } from "../src/view/related.js";
import { attestationPage, placeOf, titleOf, verifyPage } from "../src/view/pages.js";
import type { Outcome } from "../src/view/plan.js";
import { printable } from "../src/view/printable.js";
import { h } from "../src/view/tree.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { dom } from "./dom.js";
import { droppedOn, evidenceField } from "./dropped.js";
import { evidenceIn, memoryOf, namedBy, recallFor } from "./evidence.js";
import { compareWithMemory, stateOf } from "./ledger.js";
import { selfTest, verifyTwice } from "./opinion.js";
import { openPacked, type Packed } from "./packed.js";
import { confirmField, dropZone, keyField, tamperField } from "./tools.js";

interface Given {
  readonly name: string;
  readonly bytes: Bytes;
}

const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
const main = document.getElementById("main") as HTMLElement;
const status = document.getElementById("status") as HTMLElement;

/** A pack has no site around it. */
const here = data.packed === undefined ? "site" : "file";

const site: Known[] = siteKeys();
let yours: Known[] = [];
let current: Given | undefined =
  data.kind === "attestation" ? data.documents.map(({ name, text }) => ({ name, bytes: utf8(text) }))[0] : undefined;

/** The site's keyring, or nothing where it cannot be read: it never gives trust, so nothing is lost but a name. */
function siteKeyring(): Keyring {
  try {
    return data.keyring === undefined ? EMPTY_KEYRING : parseKeyring(utf8(data.keyring), nobleEngine);
  } catch {
    return EMPTY_KEYRING;
  }
}

function siteKeys(): Known[] {
  return knownFrom(siteKeyring(), "site", `this ${here}'s own keyring`);
}

function listedLogs(): Keyring["logs"] {
  return siteKeyring().logs;
}

interface Checked {
  readonly report: Report;
  readonly memory?: MemoryWord | undefined;
}

/** Of a pack, once all of it has been hashed. */
let packed: Packed | undefined;

/** The evidence that came with a pack; of what is not in it, the files that the reader gave. */
function backing(given: Given): Pick<VerifyOptions, "archived" | "observations" | "packed"> {
  const brought = droppedOn(given).options();
  const own = packed?.holds(given.bytes) === true ? packed.options(given.bytes) : {};
  const inPack = own.archived;
  return {
    ...brought,
    ...own,
    ...(inPack && {
      archived: (sha256, size) => {
        const state = inPack(sha256, size);
        return state === "missing" ? (brought.archived?.(sha256, size) ?? state) : state;
      },
    }),
  };
}

/** With what the page carries for its own document; a file that the reader brought comes alone. */
async function check(given: Given, log: LogText | undefined, entries = markedOn(log, given.bytes)): Promise<Checked> {
  const { name, bytes } = given;
  const named = log && namedBy(bytes);
  const recalled = named && recallFor(named, nobleEngine);
  const evidence = log && evidenceIn(log, recalled);
  const report = await verifyTwice(bytes, {
    ...{ ...history(entries.notices), parse: parseSkin, now: new Date(), fileName: name },
    ...(evidence && { log: evidence }),
    ...backing(given),
    ...(data.kind !== "verify" && {
      ...{ notices, planned, entries },
    }),
  });
  return {
    report,
    memory: named && evidence && recalled && memoryOf(report, named, evidence, recalled),
  };
}

const notices = (data.notices ?? []).map(utf8);
const planned = plansIn(data.plans ?? [], nobleEngine);

/** What the entries that the page carries with a document say; they are not all of its log's. */
const markedOn = (log: LogText | undefined, bytes: Bytes): Entered => ({
  notices: marksIn(envelopeIn(bytes), log?.marks, nobleEngine),
  whole: false,
});

/** What the site's notices say of the keys at hand, and entries of its log; anew where one of these is another. */
let known: { readonly of: readonly unknown[]; readonly history: History } | undefined;
const NONE: Entered["notices"] = [];
function history(entries = NONE): History {
  const of = [yours, entries];
  if (known === undefined || of.some((one, at) => known?.of[at] !== one))
    known = { of, history: historyOf(notices, [...yours, ...site], nobleEngine, entries) };
  return known.history;
}

/** Said to screen readers; the headline takes the focus after an action of the reader, so that the outcome is what comes next. */
function announce(report: Report, focus: boolean): void {
  const outcome = main.querySelector<HTMLElement>(".headline h2");
  status.textContent = outcome?.textContent ?? "";
  status.setAttribute("data-exit", String(report.exit));
  if (focus) outcome?.focus();
}

async function showOne(given: Given, focus = false): Promise<Report> {
  if (given !== original && given !== standing) main.replaceChildren(); // whatever happens next, nothing of an earlier document stands beside it
  const published = data.kind === "attestation" && given === original;
  const { report, memory } = await check(given, published ? data.documents[0]?.log : undefined);
  const signer = bestSigner(report.signers)?.keyid;
  const confirmed =
    report.trust === "confirmed-by-you" ? yours.find(({ key }) => key.keyid === signer)?.key : undefined;
  const shown = attestationPage({
    ...{ report, memory, fileName: given.name, confirmedKey: confirmed && formatKey(confirmed) },
    files: droppedOn(given).files,
    ...(published && {
      place: { ...placeOf(data.evidence ?? [], data.beside), ...(packed && { packed: packed.word }) },
      outcome: outcome(report),
      file: packed?.file,
      audit: data.audit ?? "none",
      related: await related(report),
    }),
  });
  main.replaceChildren(...(data.kind === "verify" ? verifyPage().map(dom) : []), ...shown.map(dom));
  if (published) packed?.offer(main, report.statement?.predicate.f3.evidence ?? []);
  document.title = printable(titleOf(report, given.name));
  standing = given;
  place(controls(signer));
  const forgery = tamperField(given, report.signature === "ok", (changed) => void showOne((current = changed), true));
  if (forgery !== undefined) main.querySelector(".steps")?.before(box(forgery));
  const { evidence = [] } = report.statement?.predicate.f3 ?? {};
  const field = evidenceField(evidence, droppedOn(given), async () => {
    if (current === given) await showOne(given);
  });
  const table = main.querySelector("section.evidence > .record") ?? main.querySelector("section.evidence > table");
  if (field !== undefined) table?.after(field);
  announce(report, focus);
  return report;
}

const original = current;
/** The document that is on the page. */
let standing: Given | undefined;

/** What the page carries of other attestations, each verified like the one that it shows. */
async function related(report: Report): Promise<Related | undefined> {
  const about = cardOf(report, "");
  if (about === undefined) return undefined;
  const others = [];
  for (const { name, text } of data.related ?? [])
    others.push(cardOf((await check({ name, bytes: utf8(text) }, undefined)).report, ""));
  return { about, others: others.flatMap((one) => one ?? []), more: data.moreRelated ?? 0 };
}

/** What became of a plan, as far as the page was told. */
function outcome({ digest = "", signers, plan }: Report): Outcome {
  if (plan === undefined) return {};
  const id = data.answer?.replace(/\.json$/, "");
  const by = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  return {
    givenUp: givenUp(digest, by, { ...history(), notices }, nobleEngine),
    ...(id !== undefined && /^test_[0-9a-f]{16}$/.test(id) && { answer: { id, path: `${id}.html` } }),
  };
}

async function showIndex(): Promise<void> {
  const { about = { origin: "", title: "" }, documents, pages, elsewhere = [] } = data;
  const state = stateOf(data.logs, listedLogs(), history(), nobleEngine);
  const ledger = state.kind === "read" ? state.ledger : undefined;
  const unlogged = ledger && unloggedIn(ledger);
  const entered = enteredIn(ledger?.logs ?? [], undefined).notices;
  const all = [];
  for (const { name, text } of documents) {
    const bytes = utf8(text);
    const { whole } = enteredIn(ledger?.logs ?? [], namedBy(bytes));
    const { report } = await check({ name, bytes }, undefined, { notices: entered, whole });
    all.push({ name, report, unlogged: unlogged?.(report) === true });
  }
  const open = new Set(ledger?.account.open.map(({ leaf }) => leaf.payload));
  const rows = all.filter(({ report: { plan, digest } }) => plan === undefined || !open.has(digest ?? ""));
  const signers = site.map(({ key, entry }) => [entry === undefined ? "" : signerLabel(entry), key.keyid] as const);
  const log: LogShown = {
    ...{ state, published: publishedFrom(all, elsewhere), now: new Date() },
    memory: ledger && compareWithMemory(ledger, nobleEngine),
  };
  const first = pages?.at === 1;
  main.replaceChildren(...indexPage({ about, rows, signers, pending: false, pages, ...(first && { log }) }).map(dom));
  status.textContent = `${documents.length} checked`;
}

/** Right under the answers, where the question of the key comes up. */
function place(tools: HTMLElement): void {
  (
    main.querySelector(".related") ??
    main.querySelector(".answers") ??
    main.querySelector(".headline") ??
    main.firstElementChild
  )?.after(tools);
}

const controls = (signer: string | undefined): HTMLElement =>
  box(...(data.kind === "verify" ? [dropZone(current === undefined, take)] : []), keyField(signer, takeKey, here));

function box(...tools: HTMLElement[]): HTMLElement {
  const made = document.createElement("div");
  made.className = "tools";
  made.append(...tools);
  return made;
}

/**
 * A dropped file is a key, a keyring or a document: its own first bytes tell, and its name nothing. A parcel of files can hold a key as
 * well, so one that arrives here counts only after the reader has seen its fingerprint and said so.
 */
async function take(name: string, bytes: Bytes): Promise<string | HTMLElement> {
  const head = new TextDecoder().decode(bytes.subarray(0, 40)).trimStart();
  if (head.startsWith("ssh-") || head.includes("PRIVATE KEY")) {
    const key = parseKey(fromUtf8(bytes), nobleEngine);
    return confirmField([{ key, by: "you", source: `the key file ${name} that you gave` }], confirm);
  }
  if (isPage(bytes))
    throw new AttestError(
      "pack-format",
      "this is a page, perhaps a pack, and not the attestation in it",
      "open it by itself, which verifies it; or, from a copy of the tool that you have: npx @f3/attest verify FILE",
    );
  const listed = keyringIn(name, bytes);
  if (listed?.length === 0) throw new AttestError("keyring-format", "expected keys in this keyring, found none");
  if (listed !== undefined) return confirmField(listed, confirm);
  await showOne((current = { name, bytes }), true);
  return "";
}

function keyringIn(name: string, bytes: Bytes): readonly Known[] | undefined {
  try {
    return knownFrom(parseKeyring(bytes, nobleEngine), "you", `the keyring ${name} that you gave`);
  } catch {
    return undefined;
  }
}

async function confirm(keys: readonly Known[]): Promise<string> {
  yours = [...yours, ...keys];
  const signers = current === undefined ? [] : (await showOne(current, true)).signers;
  if (signers.length > 0 && !keys.some(({ key }) => signers.some(({ keyid }) => keyid === key.keyid))) {
    const [only, ...more] = keys.map(({ key }) => key.keyid);
    const what = more.length === 0 ? `${only ?? ""} is not the key` : "none of these is the key";
    throw new AttestError("key-unknown", `${what} that signed this file`);
  }
  return `${keys.length} ${keys.length === 1 ? "key counts" : "keys count"} as confirmed by you, on this page`;
}

/** A key line, or a fingerprint, which is compared by machine with the keys that the site lists. */
async function takeKey(text: string): Promise<string> {
  const given = /^(?:\d+ )?(SHA256:[A-Za-z0-9+/]{43})(?: |$)/.exec(text.trim())?.[1] ?? text.trim(); // as ssh-keygen -lf prints it
  const key = given.startsWith("SHA256:")
    ? site.find((known) => known.key.keyid === given)?.key
    : parseKey(given, nobleEngine);
  if (key === undefined && site.length === 0)
    throw new AttestError(
      "key-unknown",
      "there is no key here to compare a fingerprint with: paste the key line itself, ssh-ed25519 AAAA…",
    );
  if (key === undefined)
    throw new AttestError(
      "key-unknown",
      "this fingerprint is not that of a key which this site lists: the signer is somebody else, or the fingerprint is mistyped",
    );
  await confirm([{ key, by: "you", source: "what you pasted here" }]);
  return `${key.keyid} counts as confirmed by you, on this page`;
}

/** A file that misses the zone would otherwise replace the page. */
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

/** Said where the reader is looking; what is over within a second needs no words. */
function progress(done: number, all: number): void {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const text = `Hashing the evidence in this file: ${mebibytes(done)} of ${mebibytes(all)} MiB`;
  main.querySelector(".headline p")?.replaceChildren(text);
  if (status.textContent === "") status.textContent = "Hashing the evidence in this file";
}

async function start(): Promise<void> {
  if (!selfTest()) {
    document.title = "attest";
    main.replaceChildren(
      dom(
        h(
          "div",
          "headline bad",
          h("h2", "", "This verifier is broken"),
          h("p", "", "It failed its own test, so it shows nothing. Use another browser, or the command line."),
        ),
      ),
    );
    return;
  }
  if (data.packed !== undefined && current !== undefined)
    packed = await openPacked(data.packed, current.bytes, (done, all) => progress(done, all));
  if (data.kind === "index") await showIndex();
  else if (current !== undefined) await showOne(current);
  else main.replaceChildren(...verifyPage().map(dom), controls(undefined));
}

void start();
