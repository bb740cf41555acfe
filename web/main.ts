/** The page: takes documents and keys, verifies them here, and draws everything from the verified result. */
import { fromUtf8, utf8, type Bytes } from "../src/core/bytes.js";
import { nobleEngine } from "../src/core/engine.js";
import { AttestError, orUndefined } from "../src/core/errors.js";
import { formatKey, parseKey } from "../src/core/keys/key.js";
import { parseKeyring, type LogName } from "../src/core/keys/keyring.js";
import { resummarize } from "../src/core/log/read-all.js";
import { logNamed } from "../src/core/statement/payload.js";
import type { Report } from "../src/core/verify/report.js";
import { bestSigner, knownFrom, type TrustedKey } from "../src/core/verify/signatures.js";
import { givenUp } from "../src/core/verify/retraction.js";
import type { VerifyOptions } from "../src/core/verify/verify.js";
import { isPage } from "../src/formats/page.js";
import type { DataOf, LogText } from "../src/formats/page-data.js";
import { departedAmong, publishedFrom, type LogOnPage, type LogState } from "../src/view/ledger.js";
import { indexPage } from "../src/view/list.js";
import { headlineOf } from "../src/view/headline.js";
import { signerLabel } from "../src/view/notice.js";
import { nodeOf, type AttestationNode } from "../src/core/audit/relations.js";
import type { Related } from "../src/view/related.js";
import { attestationPage, pageLinks, pageTitle, verifyPage } from "../src/view/pages.js";
import { answerOf, type PlanAnswer, type PlanOutcome } from "../src/view/plan.js";
import { printable } from "../src/view/printable.js";
import { h } from "../src/view/tree.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { dom } from "./dom.js";
import { droppedOn, evidenceField } from "./dropped.js";
import { memoryOf, recallFor } from "./evidence.js";
import { mounted, refuse } from "./frame.js";
import { compareWithMemory, missedBy } from "./ledger.js";
import { selfTest, verifyTwice } from "./opinion.js";
import { openPacked, type Packed } from "./packed.js";
import { confirmField, dropZone, keyField, tamperField } from "./tools.js";

interface Given {
  readonly name: string;
  readonly bytes: Bytes;
}

const { carried, main, status, fault } = mounted(nobleEngine);
const { data } = carried;

/** A pack has no site around it. */
const here = data.kind === "pack" ? "file" : "site";

let yours: TrustedKey[] = [];
const published = data.kind === "attestation" || data.kind === "pack" ? data.documents[0] : undefined;
let current: Given | undefined = published && { name: published.name, bytes: utf8(published.text) };

interface Checked {
  readonly report: Report;
  readonly memory?: MemoryWord | undefined;
}

/** Set once a pack has been hashed completely. */
let packed: Packed | undefined;

/** Evidence from the pack; for missing pieces, the reader's files. */
function backing(given: Given): Pick<VerifyOptions, "archived" | "observations"> {
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

/** Verifies with everything the page carries for its own documents. */
async function check(given: Given, log?: LogText): Promise<Checked> {
  const { name, bytes } = given;
  const named = namedBy(bytes);
  const recalled = named && recallFor(named, nobleEngine);
  const around = carried.around(bytes, log, yours, () => (recalled?.state === "known" ? recalled.log : undefined));
  const report = await verifyTwice(bytes, { ...around, now: new Date(), fileName: name, ...backing(given) });
  return { report, memory: named && recalled && memoryOf(report, named, around.log, recalled) };
}

const namedBy = (bytes: Bytes): LogName | undefined => {
  const envelope = orUndefined(() => carried.parse(bytes));
  return envelope && logNamed(envelope.payload);
};

/** For screen readers. After an action of the reader the focus moves to the headline, so that the outcome is read next. */
function announce(report: Report, focus: boolean): void {
  status.textContent = printable(headlineOf(report).word);
  status.setAttribute("data-outcome", report.outcome);
  if (focus) main.querySelector<HTMLElement>(".headline h2")?.focus();
}

async function showOne(given: Given, focus = false): Promise<Report> {
  if (given !== original && given !== standing) main.replaceChildren(); // never show a new document beside parts of an earlier one
  const own = given === original;
  const { report, memory } = await check(given, own ? published?.log : undefined);
  const signer = bestSigner(report.signers)?.keyid;
  const confirmed =
    report.trust === "confirmed-by-you" ? yours.find(({ key }) => key.keyid === signer)?.key : undefined;
  const shown = attestationPage({
    report,
    memory,
    fileName: given.name,
    confirmedKey: confirmed && formatKey(confirmed),
    files: droppedOn(given).files,
    ...(own &&
      data.kind === "pack" && {
        place: { ...pageLinks([]), ...(packed && { packed: packed.word }) },
        file: packed?.file,
      }),
    ...(own &&
      data.kind === "attestation" && {
        place: pageLinks(data.evidence, data.beside),
        outcome: await outcome(report, data),
        audit: data.audit ?? "none",
        related: await related(report, data),
      }),
  });
  main.replaceChildren(...(data.kind === "verify" ? verifyPage().map(dom) : []), ...shown.map(dom));
  if (own) packed?.offer(main, report.statement?.predicate.f3.evidence ?? []);
  document.title = printable(pageTitle(report, given.name));
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
/** The document on the page. */
let standing: Given | undefined;

/** The page's other attestations, each verified like the main one. */
async function related(
  report: Report,
  { related: documents, moreRelated }: DataOf<"attestation">,
): Promise<Related | undefined> {
  const read = (one: Report): AttestationNode | undefined =>
    nodeOf(one, "", carried.signersOf(one.digest ?? "", yours));
  const about = read(report);
  if (about === undefined) return undefined;
  const others: Related["others"][number][] = [];
  for (const { name, text } of documents) {
    const found = (await check({ name, bytes: utf8(text) })).report;
    const card = read(found);
    if (card !== undefined) others.push({ card, trust: found.trust });
  }
  return { about, others, more: moreRelated };
}

/** The state of a plan by the page's documents, each compared with it. */
async function outcome(
  { digest = "", signers, plan }: Report,
  { answers }: DataOf<"attestation">,
): Promise<PlanOutcome> {
  if (plan === undefined || original === undefined) return {};
  const by = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  const found: PlanAnswer[] = [];
  for (const { name, text } of answers) {
    const { report } = await check({ name, bytes: utf8(text) });
    found.push(...answerOf(report, digest));
  }
  const state = carried.state(yours);
  const plans = state.kind === "read" ? state.ledger.summary.plans : [];
  const entered = plans.find(({ entry, state: word }) => entry.payload === digest && word === "answered")?.result
    ?.entry;
  return {
    givenUp: givenUp(digest, by, { ...carried.history(yours), notices: carried.notices }),
    answers: found,
    entered: found.some((one) => one.digest === entered?.payload) ? undefined : entered,
  };
}

async function showIndex({ about, documents, pages, ...word }: DataOf<"index">): Promise<void> {
  const read = carried.state(yours);
  // Before any document is checked, because checking updates the memory.
  const before = read.kind === "read" ? compareWithMemory(read.ledger, nobleEngine) : undefined;
  const rows = [];
  for (const { name, text } of documents)
    rows.push({ name, report: (await check({ name, bytes: utf8(text) })).report });
  const named = rows.flatMap(({ name, report }) => {
    const text = documents.find((one) => one.name === name)?.text ?? "";
    return report.signature === "ok" ? (namedBy(utf8(text)) ?? []) : [];
  });
  // The documents' signed log names show whether there is a log. A page without one withholds it.
  const published = publishedFrom(rows, word, pages);
  const reports = rows.map(({ report }) => report);
  const state: LogState =
    read.kind === "none" && named.length > 0
      ? { kind: "withheld" }
      : read.kind === "read"
        ? {
            kind: "read",
            ledger: resummarize(read.ledger, {
              ...carried.history(yours),
              departed: departedAmong(read.ledger, reports, published),
            }),
          }
        : read;
  const signers = carried.listed.map(
    ({ key, entry }) => [entry === undefined ? "" : signerLabel(entry), key.keyid] as const,
  );
  const first = pages.at === 1;
  const log: LogOnPage = {
    state,
    published,
    now: new Date(),
    memory: before ?? missedBy(state, [...named, ...carried.logs], nobleEngine),
  };
  main.replaceChildren(...indexPage({ about, rows, signers, pending: false, pages, ...(first && { log }) }).map(dom));
  status.textContent = `${documents.length} checked`;
}

/** Directly below the answers, where readers ask about the key. */
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
 * A dropped file is a key, a keyring or a document; its first bytes decide, never its name. A bundle of files may contain a key, so a
 * dropped key counts only after the reader saw and confirmed its fingerprint.
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
      "open it in a browser tab: it verifies itself; or, with your own copy of the tool: npx @f3/attest verify FILE",
    );
  const listed = keyringIn(name, bytes);
  if (listed?.length === 0) throw new AttestError("keyring-format", "expected keys in this keyring, found none");
  if (listed !== undefined) return confirmField(listed, confirm);
  await showOne((current = { name, bytes }), true);
  return "";
}

function keyringIn(name: string, bytes: Bytes): readonly TrustedKey[] | undefined {
  try {
    return knownFrom(parseKeyring(bytes, nobleEngine), "you", `the keyring ${name} that you gave`);
  } catch {
    return undefined;
  }
}

async function confirm(keys: readonly TrustedKey[]): Promise<string> {
  yours = [...yours, ...keys];
  const signers = current === undefined ? [] : (await showOne(current, true)).signers;
  if (signers.length > 0 && !keys.some(({ key }) => signers.some(({ keyid }) => keyid === key.keyid))) {
    const [only, ...more] = keys.map(({ key }) => key.keyid);
    const what = more.length === 0 ? `${only ?? ""} is not the key` : "none of these is the key";
    throw new AttestError("key-unknown", `${what} that signed this file`);
  }
  return `${keys.length} ${keys.length === 1 ? "key counts" : "keys count"} as confirmed by you, on this page`;
}

/** A key line, or a fingerprint, which is compared with the site's keys. */
async function takeKey(text: string): Promise<string> {
  const given = /^(?:\d+ )?(SHA256:[A-Za-z0-9+/]{43})(?: |$)/.exec(text.trim())?.[1] ?? text.trim(); // as ssh-keygen -lf prints it
  const key = given.startsWith("SHA256:")
    ? carried.listed.find((known) => known.key.keyid === given)?.key
    : parseKey(given, nobleEngine);
  if (key === undefined && carried.listed.length === 0)
    throw new AttestError(
      "key-unknown",
      "there is no key here to compare a fingerprint with: paste the key line itself, ssh-ed25519 AAAA…",
    );
  if (key === undefined)
    throw new AttestError(
      "key-unknown",
      "this site lists no key with this fingerprint: the signer is someone else, or the fingerprint is mistyped",
    );
  await confirm([{ key, by: "you", source: "what you pasted here" }]);
  return `${key.keyid} counts as confirmed by you, on this page`;
}

/** Otherwise a file dropped beside the zone would replace the page. */
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

/** Shown where the reader looks; nothing is shown during the first second. */
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
  if (fault !== undefined) throw fault;
  if (data.kind === "pack" && current !== undefined)
    packed = await openPacked(data.packed, current.bytes, (done, all) => progress(done, all));
  if (data.kind === "index") await showIndex(data);
  else if (current !== undefined) await showOne(current);
  else main.replaceChildren(...verifyPage().map(dom), controls(undefined));
}

start().catch((error: unknown) => refuse(error, { main, status }, controls(undefined)));
