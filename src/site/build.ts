/** A registry → its static site: the registry's own files, a page for each attestation, an index, and the verifier. Byte deterministic. */
import { readFileSync } from "node:fs";
import { fromUtf8, hex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { formatKey } from "../core/key.js";
import type { Keyring } from "../core/keyring.js";
import { historyOf, noticeIn } from "../core/lifecycle.js";
import type { Report } from "../core/report.js";
import { knownFrom } from "../core/signatures.js";
import { verify } from "../core/verify.js";
import {
  ATTESTATIONS,
  evidencePath,
  INDEX,
  isNotice,
  KEYRING,
  REGISTRY_FILE,
  type Registry,
} from "../store/registry.js";
import type { Store } from "../store/store.js";
import { signerLabel } from "../view/notice.js";
import { attestationPage, indexPage, listPath, placeOf, titleOf, verifyPage, type PageData } from "../view/pages.js";
import { renderPage, type Assets } from "./document.js";

/** A page of the list carries its attestations, so that a browser can verify each line; this many stay well below a megabyte. */
const PER_PAGE = 50;

interface Listed {
  readonly name: string;
  readonly text: string;
  readonly report: Report;
}

export interface Built {
  readonly pages: readonly string[];
  /** What does not verify, or whose evidence is not what was signed: shown as such, and its evidence not published. */
  readonly refused: readonly string[];
}

/** The bundle that `npm run build` made; from the sources it is looked for in `dist` too. */
export function assets(): Assets {
  const load = (name: string): string => {
    try {
      return readFileSync(new URL(`../web/${name}`, import.meta.url), "utf8");
    } catch {
      return readFileSync(new URL(`../../dist/web/${name}`, import.meta.url), "utf8");
    }
  };
  return { style: load("style.css"), script: load("verifier.js") };
}

/** @throws AttestError of the registry or the store; an attestation that does not verify gets a page that says so, and is returned */
export async function buildSite(registry: Registry, site: Store, engine: Engine, now: Date): Promise<Built> {
  const keyring = await registry.keyring();
  const keyringText = fromUtf8((await registry.store.read(KEYRING)) ?? new Uint8Array());
  const notices = await registry.notices();
  const listed = await readAll(registry, keyring, notices, engine, now);
  const archived = await copyRegistry(registry.store, site, listed, keyring, engine);

  const parts = assets();
  const { about } = registry;
  const data = { about, keyring: keyringText };
  /** Receipts are for one document each; what is said of a key concerns all. */
  const noticesFor = (reports: readonly Report[]): string[] =>
    notices.flatMap((bytes) => {
      const notice = noticeIn(bytes, engine); // whoever signed it: the reader may know keys that the site does not list
      if (notice === undefined) return [];
      const concerns = notice.action !== "receipt" || reports.some(({ digest }) => digest === notice.payload);
      return concerns ? [textOf(bytes)] : [];
    });
  const pages: string[] = [];
  const write = async (path: string, page: string): Promise<void> => {
    await site.replace(path, utf8(page));
    pages.push(path);
  };
  for (const { name, text, report } of listed) {
    const evidence = (report.statement?.predicate.f3.evidence ?? [])
      .flatMap(({ digest }) => digest.sha256 ?? [])
      .filter((sha256) => archived.has(sha256));
    const page: PageData = {
      ...data,
      kind: "attestation",
      documents: [{ name, text }],
      evidence,
      notices: noticesFor([report]),
    };
    const title = titleOf(report, name);
    const main = attestationPage({ report, fileName: name, confirmedKey: undefined, place: placeOf(evidence) }, true);
    await write(
      `${ATTESTATIONS}/${name.replace(/\.json$/, ".html")}`,
      renderPage(
        { title, description: `A signed test result of ${about.title}`, root: "../", data: page, main },
        parts,
        engine,
      ),
    );
  }
  const signers = keyring.signers.map((entry) => [signerLabel(entry), entry.key.keyid] as const);
  const of = Math.max(1, Math.ceil(listed.length / PER_PAGE));
  for (let at = 1; at <= of; at += 1) {
    const rows = listed.slice((at - 1) * PER_PAGE, at * PER_PAGE);
    const pages = { at, of };
    const page: PageData = {
      ...data,
      kind: "index",
      documents: rows.map(({ name, text }) => ({ name, text })),
      pages,
      notices: noticesFor(rows.map(({ report }) => report)),
    };
    await write(
      listPath(at),
      renderPage(
        {
          title: about.title,
          description: `Signed test results of ${about.origin}`,
          root: "",
          data: page,
          main: indexPage(about, rows, signers, true, pages),
        },
        parts,
        engine,
      ),
    );
  }
  await write("verify.html", verifierPage(parts, engine));
  const lost = ({ name, report }: Listed): boolean =>
    !(isNotice(name) && [0, 3].includes(report.exit)) && // anybody's may lie there
    (report.statement?.predicate.f3.evidence.some(
      ({ digest, uri }) => uri === undefined && !archived.has(digest.sha256 ?? ""),
    ) ??
      true);
  return { pages, refused: listed.filter(lost).map(({ name }) => name) };
}

/** The same bytes on every site: it knows no registry and no key, so its hash can be compared with a published one. */
export const verifierPage = (parts: Assets, engine: Engine): string =>
  renderPage(
    {
      title: "Check an attestation",
      description: "Verifies a signed test result in the browser",
      root: "",
      data: { kind: "verify", documents: [] },
      main: verifyPage(),
    },
    parts,
    engine,
  );

async function readAll(
  registry: Registry,
  keyring: Keyring,
  notices: readonly Bytes[],
  engine: Engine,
  now: Date,
): Promise<Listed[]> {
  const { keys, seen } = historyOf(notices, knownFrom(keyring, "site", "this site's own keyring"), engine);
  const listed: Listed[] = [];
  for (const name of await registry.names()) {
    const bytes = (await registry.store.read(`${ATTESTATIONS}/${name}`)) ?? new Uint8Array();
    const report = verify(bytes, { engine, keys, seen, now, fileName: name, named: true });
    listed.push({ name, text: textOf(bytes), report });
  }
  const signedAt = ({ report }: Listed): number =>
    Date.parse(report.statement?.predicate.f3.signedAt ?? report.notice?.signedAt ?? "1970-01-01T00:00:00Z");
  return listed.sort((a, b) => signedAt(b) - signedAt(a) || (a.name < b.name ? -1 : 1)); // not by locale: the bytes are the same everywhere
}

/** A page is UTF-8 and can hold no other bytes; a mark that no JSON text begins with keeps such a file refused there as well. */
function textOf(bytes: Bytes): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return "\ufffd";
  }
}

/** The site is itself the registry that it shows, so that an address of it can be given to `attest verify`. Returns which evidence is there. */
async function copyRegistry(
  from: Store,
  to: Store,
  listed: readonly Listed[],
  keyring: Keyring,
  engine: Engine,
): Promise<ReadonlySet<string>> {
  const archived = new Set<string>();
  const copy = async (path: string): Promise<void> => {
    const bytes = await from.read(path);
    if (bytes !== undefined) await to.replace(path, bytes);
  };
  // Under the name of a digest nothing else is ever published.
  const copyEvidence = async (sha256: string): Promise<boolean> => {
    const bytes = await from.read(evidencePath(sha256));
    if (bytes === undefined || hex(engine.sha256(bytes)) !== sha256) return false;
    await to.replace(evidencePath(sha256), bytes);
    return true;
  };
  for (const { name, report } of listed) {
    for (const { digest } of report.statement?.predicate.f3.evidence ?? [])
      if (digest.sha256 !== undefined && (await copyEvidence(digest.sha256))) archived.add(digest.sha256);
    await copy(`${ATTESTATIONS}/${name}`);
  }
  for (const { name, key } of keyring.signers) await to.replace(`keys/${name}.pub`, utf8(`${formatKey(key, name)}\n`));
  for (const path of [KEYRING, INDEX, REGISTRY_FILE]) await copy(path);
  return archived;
}
