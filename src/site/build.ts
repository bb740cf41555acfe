/**
 * Builds a registry's static site: the registry's files, a page per attestation, an index, the log page, and the verifier. The same input
 * gives the same bytes.
 */
import { envelopeIn } from "../core/verify/bundled.js";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import type { Keyring, LogName } from "../core/keys/keyring.js";
import { enteredIn, resummarize, type Logs } from "../core/log/read-all.js";
import { keyHistory, type KeyHistory } from "../core/verify/key-history.js";
import type { NoticeSet } from "../core/verify/notice-set.js";
import { logNamed } from "../core/statement/payload.js";
import { planOf } from "../core/statement/plan.js";
import type { Report } from "../core/verify/report.js";
import { knownFrom } from "../core/verify/signatures.js";
import { givenUp } from "../core/verify/retraction.js";
import { verify } from "../core/verify/verify.js";
import { ATTESTATIONS, isNotice, isResult, KEYRING, type Registry } from "../store/registry.js";
import type { Store } from "../store/store.js";
import { departedAmong, heldAgainstPlans, publishedFrom, type LogOnPage, type LogState } from "../view/ledger.js";
import { indexPage, listPath } from "../view/list.js";
import { logPage } from "../view/log-page.js";
import { signerLabel } from "../view/notice.js";
import type { DataOf, LogText, Pages, PublishersWord } from "../formats/page-data.js";
import { attestationPage, pageLinks, pendingTitleOf, verifyPage } from "../view/pages.js";
import { answerOf, type PlanOutcome } from "../view/plan.js";
import { groupBy } from "../core/group-by.js";
import { assets } from "./assets.js";
import { auditText, readAudits, type Audits } from "./audits.js";
import { copyRegistry } from "./copy.js";
import { relatedIn } from "./related.js";
import { renderPage, type Assets } from "./document.js";
import {
  copyLogs,
  evidenceFor,
  evidenceText,
  gatherLogs,
  logsBeside,
  marksOn,
  payloadDigest,
  pageText,
  type GatheredLogs,
} from "./log.js";

/** Attestations per list page. The page carries them so that a browser can verify each line; this many stay below a megabyte. */
const PER_PAGE = 50;
/** Results for one plan: the first is the answer, others are findings of the log. */
const MAX_ANSWERS = 4;

interface Listed {
  readonly name: string;
  readonly text: string;
  readonly report: Report;
  readonly log: LogText | undefined;
}

export interface Built {
  readonly pages: readonly string[];
  /** Attestations that do not verify, or whose evidence was changed. Their pages say so, and their evidence is not published. */
  readonly refused: readonly string[];
  /** What was skipped, a sentence each; the site is complete without it. */
  readonly warnings: readonly string[];
}

/** @throws AttestError of the registry or the store. An attestation that does not verify gets a page that says so, and is returned */
export async function buildSite(registry: Registry, site: Store, engine: Engine, now: Date): Promise<Built> {
  const read = await readRegistry(registry, engine, now);
  const { keyring, listed, logs, audits } = read;
  const archived = await copyRegistry(registry.store, site, listed, keyring, audits.names, engine);
  await copyLogs(logs, registry.store, site);
  const keyringText = fromUtf8((await registry.store.read(KEYRING)) ?? new Uint8Array());
  const data: Common = { about: registry.about, keyring: keyringText };
  const parts = assets();
  const pages: string[] = [];
  for (const { path, ...page } of [
    ...attestationPages(read, data, archived),
    ...listPages(read, data),
    ...logPages(read, data),
  ]) {
    await site.replace(path, utf8(renderPage({ ...page, log: keyring.logs.length > 0 }, parts, engine)));
    pages.push(path);
  }
  await site.replace("verify.html", utf8(verifierPage(parts, engine)));
  pages.push("verify.html");
  const lost = ({ name, report }: Listed): boolean =>
    !(isNotice(name) && ["accepted", "untrusted"].includes(report.outcome)) && // anyone's notices may lie there
    report.plan === undefined &&
    (report.statement?.predicate.f3.evidence.some(
      ({ digest, uri }) => uri === undefined && !archived.has(digest.sha256 ?? ""),
    ) ??
      true);
  return { pages, refused: listed.filter(lost).map(({ name }) => name), warnings: audits.warnings };
}

interface Read {
  readonly keyring: Keyring;
  readonly history: KeyHistory;
  readonly notices: NoticeSet;
  readonly listed: readonly Listed[];
  readonly logs: GatheredLogs;
  readonly audits: Audits;
}

/** Verifies everything that is published with everything beside it. */
async function readRegistry(registry: Registry, engine: Engine, now: Date): Promise<Read> {
  const keyring = await registry.keyring();
  const notices = await registry.notices();
  const known = knownFrom(keyring, "site", "this site's own keyring");
  const byDocuments = keyHistory(notices, known, engine);
  const logs = await gatherLogs(registry.store, keyring.logs, engine, byDocuments);
  const read = logs.state.kind === "read" ? logs.state.ledger.logs : undefined;
  const history = keyHistory(notices, known, engine, enteredIn(read ?? [], undefined).notices);
  const documents = await Promise.all(
    (await registry.names()).map(async (name) => {
      const bytes = (await registry.store.read(`${ATTESTATIONS}/${name}`)) ?? new Uint8Array();
      return { name, bytes, digest: payloadDigest(bytes, engine) };
    }),
  );
  const byDigest = new Map(documents.flatMap(({ digest, bytes }) => (digest === undefined ? [] : [[digest, bytes]])));
  const published = new Set(byDigest.keys());
  const whole = typeof logsBeside(logs) === "object" && logs.state.kind === "read";
  const listed: Listed[] = [];
  for (const { name, bytes, digest } of documents) {
    const log = await evidenceFor(logs, bytes, name.replace(/\.json$/, ""));
    const report = verify(bytes, {
      ...history,
      engine,
      now,
      fileName: name,
      named: true,
      notices,
      entries: read && enteredIn(read, namedIn(bytes)),
      planned: (sha256) => byDigest.get(sha256),
      ...(log && { log }),
    });
    const marks = digest === undefined ? [] : await marksOn(logs, report, published);
    listed.push({ name, text: pageText(bytes), report, log: log && evidenceText(log, marks, whole) });
  }
  const signedAt = ({ report: { statement, notice, plan } }: Listed): number =>
    Date.parse(
      statement?.predicate.f3.signedAt ?? notice?.signedAt ?? plan?.predicate.signedAt ?? "1970-01-01T00:00:00Z",
    );
  listed.sort((a, b) => signedAt(b) - signedAt(a) || (a.name < b.name ? -1 : 1)); // not by locale: the bytes are the same everywhere
  const held = (ledger: Logs): ReadonlySet<string> =>
    departedAmong(
      ledger,
      listed.map(({ report }) => report),
      publishedFrom(listed),
    );
  const state: LogState =
    logs.state.kind === "read"
      ? { kind: "read", ledger: resummarize(logs.state.ledger, { ...byDocuments, departed: held(logs.state.ledger) }) }
      : logs.state;
  const audits = await readAudits(registry.store, engine, now);
  return { keyring, history, notices, listed, logs: { ...logs, state }, audits };
}

const namedIn = (bytes: Bytes): LogName | undefined => {
  const envelope = envelopeIn(bytes);
  return envelope && logNamed(envelope.payload);
};

/** The notices for one page: receipts and retractions concern one document, notices about keys concern all. */
export function noticesFor({ notices }: Pick<Read, "notices">, reports: readonly Report[]): string[] {
  const about = new Set(reports.flatMap(({ digest = "" }) => notices.concerning(digest)));
  // By any signer: readers may know keys that the site does not list.
  return [...notices.of("rotate"), ...notices.of("revoke"), ...about].map(({ bytes }) => pageText(bytes));
}

type Common = Pick<DataOf<"index">, "about" | "keyring">;
type Written = Parameters<typeof renderPage>[0] & { readonly path: string };

function* attestationPages(read: Read, common: Common, archived: ReadonlySet<string>): Generator<Written> {
  const names = new Set(read.listed.map(({ name }) => name));
  const named = new Map(
    read.listed.flatMap((one) => (one.report.digest === undefined ? [] : [[one.report.digest, one]])),
  );
  const answering = groupBy(read.listed, ({ report: { statement } }) => (statement && planOf(statement)) ?? []);
  const related = relatedIn(read.listed);
  for (const { name, text, report, log } of read.listed) {
    const { statement, digest = "" } = report;
    const evidence = (statement?.predicate.f3.evidence ?? [])
      .flatMap(({ digest: { sha256 } }) => sha256 ?? [])
      .filter((sha256) => archived.has(sha256));
    const others = related(report);
    const notices = noticesFor(read, [report, ...others.documents.map((one) => one.report)]);
    const plan = named.get((statement && planOf(statement)) ?? "");
    const answers = report.plan === undefined ? [] : (answering.get(digest) ?? []).slice(0, MAX_ANSWERS);
    const audit = auditText(read.audits, digest, text);
    const beside = [
      ...besideOf(report, names, read.keyring.logs.length > 0),
      ...[...others.documents, ...answers].map((one) => one.name),
    ];
    const texts = (all: readonly Pick<Listed, "name" | "text">[]): DataOf<"attestation">["related"] =>
      all.map((one) => ({ name: one.name, text: one.text }));
    const logs = logsBeside(read.logs);
    const data: DataOf<"attestation"> = {
      kind: "attestation",
      ...common,
      notices,
      ...(logs !== undefined && { logs }),
      documents: [{ name, text, ...(log && { log }) }],
      evidence,
      beside: [...new Set(beside)],
      plans: plan === undefined ? [] : [plan.text],
      answers: texts(answers),
      related: texts(others.documents),
      moreRelated: others.more,
      ...(audit && { audit }),
    };
    const outcome: PlanOutcome = {
      answers: answers.flatMap((one) => answerOf(one.report, digest)),
      givenUp: givenUp(digest, signersOf(report), { ...read.history, notices: read.notices }),
    };
    const place = pageLinks(evidence, beside);
    yield {
      path: `${ATTESTATIONS}/${name.replace(/\.json$/, ".html")}`,
      title: pendingTitleOf(report, name),
      description: `A signed ${report.plan === undefined ? "test result" : "plan of a test"} of ${common.about.title}`,
      data,
      main: attestationPage(
        { report, fileName: name, confirmedKey: undefined, place, outcome, audit: audit ?? "none" },
        true,
      ),
    };
  }
}

const signersOf = ({ signers }: Report): string[] =>
  signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));

/** The published files that a page may link to. */
function besideOf({ statement, notice, standing }: Report, names: ReadonlySet<string>, hasLog: boolean): string[] {
  const remarks = [...(standing?.remarks ?? []), ...(standing?.contradictions ?? [])];
  const ids = [
    ...remarks.flatMap(({ digest, successor }) => [
      `note_${digest}`,
      ...(successor === undefined ? [] : [`test_${successor}`]),
    ]),
    ...(statement === undefined ? [] : [`plan_${planOf(statement) ?? ""}`]),
    ...(notice !== undefined && "about" in notice ? [`test_${notice.about}`, `plan_${notice.about}`] : []),
    ...(notice?.action === "supersede" ? [`test_${notice.by}`] : []),
  ];
  const linked = ids.map((id) => `${id.slice(0, "test_".length + 16)}.json`).filter((name) => names.has(name));
  return [...new Set(linked), ...(hasLog ? ["log.json"] : [])];
}

/** The other published documents. */
function wordOf({ listed }: Read, here: readonly Listed[] = []): PublishersWord {
  const others = listed.filter((one) => !here.includes(one));
  const { departed } = heldAgainstPlans(others.map(({ report }) => report));
  return { elsewhere: others.map(({ name }) => name), departed };
}

/** Lists of results and notices; the first page also lists open plans, as the log shows. */
function* listPages(read: Read, common: Common): Generator<Written> {
  const { listed, keyring, logs } = read;
  const ledger = logs.state.kind === "read" ? logs.state.ledger : undefined;
  const open = new Set(ledger?.summary.open.map(({ entry }) => entry.payload));
  const answered = new Set(
    ledger?.summary.plans.flatMap(({ state, entry }) => (state === "answered" ? entry.payload : [])),
  );
  const among = (set: ReadonlySet<string>, { report: { plan, digest } }: Listed): boolean =>
    plan !== undefined && set.has(digest ?? "");
  const plans = new Map(listed.map(({ report: { digest = "" }, text }) => [digest, text]));
  const tests = listed.filter(({ name }) => isResult(name));
  const others = listed.filter((one) => !isResult(one.name) && !among(open, one) && !among(answered, one));
  const signers = keyring.signers.map((entry) => [signerLabel(entry), entry.key.keyid] as const);
  const of = Math.max(1, Math.ceil(tests.length / PER_PAGE), Math.ceil(others.length / PER_PAGE));
  for (let at = 1; at <= of; at += 1) {
    const slice = (all: readonly Listed[]): readonly Listed[] => all.slice((at - 1) * PER_PAGE, at * PER_PAGE);
    const rows = [...slice(tests), ...slice(others)];
    const documents = at === 1 ? [...rows, ...listed.filter((one) => among(open, one))] : rows;
    const pages: Pages = { at, of };
    const word = wordOf(read, documents);
    const reports = rows.map(({ report }) => report);
    const data: DataOf<"index"> = {
      kind: "index",
      ...common,
      notices: noticesFor(read, reports),
      ...(logs.texts !== undefined && { logs: logs.texts }),
      documents: documents.map(({ name, text }) => ({ name, text })),
      pages,
      ...word,
      plans: rows.flatMap(({ report: { statement } }) => plans.get((statement && planOf(statement)) ?? "") ?? []),
    };
    const log: LogOnPage = { state: logs.state, published: publishedFrom(documents, word, pages), pending: true };
    yield {
      path: listPath(at),
      title: common.about.title,
      description: `Signed test results of ${common.about.origin}`,
      data,
      main: indexPage({
        about: common.about,
        signers,
        pending: true,
        pages,
        rows: rows.map(({ name, report }) => ({ name, report })),
        ...(at === 1 && { log }),
      }),
    };
  }
}

/** One page if there is a log. */
function* logPages(read: Read, common: Common): Generator<Written> {
  const { logs } = read;
  if (logs.texts === undefined) return;
  const word = wordOf(read);
  const published = publishedFrom([], word);
  yield {
    path: "log.html",
    title: `Log: ${common.about.title}`,
    description: `Everything that was signed for ${common.about.origin}, in its order`,
    data: { kind: "log", ...common, notices: noticesFor(read, []), logs: logs.texts, ...word },
    main: logPage({ about: common.about, word: "pending", shown: { state: logs.state, published, pending: true } }),
  };
}

/** The same bytes on every site: it contains no registry and no key, so its hash can be compared with the published one. */
export const verifierPage = (parts: Assets, engine: Engine): string =>
  renderPage(
    {
      title: "Check an attestation",
      description: "Verifies a signed test result in the browser",
      data: { kind: "verify" },
      main: verifyPage(),
    },
    parts,
    engine,
  );
