/** A pack: the page of one attestation with everything that backs it inside, so that it stands alone when its registry has gone. */
import type { Mark } from "../core/brought.js";
import type { Engine } from "../core/engine.js";
import type { Report } from "../core/report.js";
import type { PageData } from "../view/page-data.js";
import { attestationPage, placeOf, titleOf } from "../view/pages.js";
import { assets } from "./build.js";
import { renderPage, type Assets } from "./document.js";

export interface Contents {
  /** File name and text of the document. */
  readonly name: string;
  readonly text: string;
  readonly proof: string | undefined;
  readonly marks: readonly Mark[];
  readonly about: PageData["about"];
  readonly keyring: string | undefined;
  readonly notices: readonly string[];
  readonly plans: readonly string[];
  /** Base64 by SHA-256. */
  readonly evidence: Readonly<Record<string, string>>;
}

/** @param report what is found of the contents, by nothing but them */
export function packPage(
  { name, text, proof, marks, about, keyring, notices, plans, evidence }: Contents,
  report: Report,
  engine: Engine,
  parts: Assets = assets(),
): string {
  const log = { ...(proof !== undefined && { proof }), ...(marks.length > 0 && { marks }) };
  const data: PageData = {
    kind: "attestation",
    ...(about && { about }),
    ...(keyring !== undefined && { keyring }),
    documents: [{ name, text, ...(Object.keys(log).length > 0 && { log }) }],
    ...{ notices, plans, packed: evidence },
  };
  const packed = (sha256 = ""): "there" | "missing" => (Object.hasOwn(evidence, sha256) ? "there" : "missing");
  const file = name.replace(/json$/, "html"); // as it is called, unless its maker said otherwise
  const place = { ...placeOf([]), packed };
  return renderPage(
    {
      title: titleOf(report, name),
      description: "A signed attestation with its evidence and its verifier, in one file",
      root: "",
      data,
      main: attestationPage({ report, fileName: name, file, confirmedKey: undefined, place }, true),
    },
    parts,
    engine,
  );
}
