/** Compares the reader's files with the signed digests: which file is which piece, and which only has a piece's name. */
import type { EvidenceRef } from "../core/statement/statement.js";
import { h, type Child } from "./tree.js";
import { count } from "./wording.js";

export interface GivenFile {
  /** File name on the reader's disk. */
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ComparedFile {
  readonly word: "same" | "changed";
  readonly file: GivenFile;
}

export interface Comparison {
  /** By index of the piece in the statement. */
  readonly pieces: readonly (ComparedFile | undefined)[];
  /** Files that match no piece by digest or name. */
  readonly foreign: readonly GivenFile[];
}

/**
 * The digest decides. A name only suggests which piece was meant by a file with other bytes: the piece's name, or its digest as in an
 * archive.
 */
export function compareGiven(evidence: readonly EvidenceRef[], files: readonly GivenFile[]): Comparison {
  const strays = files.filter((file) => !evidence.some((piece) => isSame(piece, file)));
  const meant = (piece: EvidenceRef, file: GivenFile): boolean =>
    piece.digest.sha256 !== undefined && [baseName(piece.name), piece.digest.sha256].includes(baseName(file.name));
  return {
    pieces: evidence.map((piece): ComparedFile | undefined => {
      const same = files.find((file) => isSame(piece, file));
      if (same !== undefined) return { word: "same", file: same };
      const changed = strays.findLast((file) => meant(piece, file));
      return changed && { word: "changed", file: changed };
    }),
    foreign: strays.filter((file) => !evidence.some((piece) => meant(piece, file))),
  };
}

export const isSame = ({ digest, size }: EvidenceRef, file: GivenFile): boolean =>
  digest.sha256 === file.sha256 && size === file.size;

const baseName = (name: string): string => name.replace(/^.*[/\\]/s, "");

/** For the verifier's step: one state per digest, which several pieces may share. */
export function stateAmong(
  evidence: readonly EvidenceRef[],
  files: readonly GivenFile[],
): (sha256: string, size: number) => "same" | "changed" | "missing" {
  const { pieces } = compareGiven(evidence, files);
  return (sha256, size) => {
    const words = pieces.flatMap((one, at) =>
      evidence[at]?.digest.sha256 === sha256 && evidence[at].size === size ? (one?.word ?? []) : [],
    );
    return words.includes("same") ? "same" : words.includes("changed") ? "changed" : "missing";
  };
}

/** The line under a digest. */
export function givenLine(compared: ComparedFile | undefined, { size }: EvidenceRef): Child {
  if (compared === undefined) return undefined;
  const { word, file } = compared;
  const name = h("bdi", "", file.name);
  if (word === "same") return h("p", "yours same", "✓ your file ", name, ": the signed bytes");
  const what = file.size === size ? "of the same size, with other bytes" : `size ${file.size} instead of ${size}`;
  return h("p", "yours changed", "✗ ", h("strong", "", "changed"), ": ", name, ` is not the signed bytes (${what})`);
}

const listed = (files: readonly GivenFile[]): string =>
  [...files.slice(0, 5).map(({ name }) => name), ...(files.length > 5 ? [`and ${files.length - 5} more`] : [])].join(
    ", ",
  );

/** The result for newly given files, and how much of the evidence is available. */
export function givenSummary(
  evidence: readonly EvidenceRef[],
  files: readonly GivenFile[],
  given: readonly GivenFile[],
): string {
  const { pieces, foreign } = compareGiven(evidence, files);
  const signed = given.filter((file) => evidence.some((piece) => isSame(piece, file)));
  const strangers = given.filter((file) => foreign.includes(file));
  const changed = given.length - signed.length - strangers.length;
  const said = [
    signed.length === 0 ? "" : `${signed.length} ${signed.length === 1 ? "is" : "are"} what was signed`,
    changed === 0
      ? ""
      : `${changed} ${changed === 1 ? "has the name of a piece and is" : "have the name of a piece and are"} not what was signed`,
    strangers.length === 0
      ? ""
      : `${strangers.length} ${strangers.length === 1 ? "is" : "are"} not part of the evidence (${listed(strangers)})`,
  ].filter(Boolean);
  const have = pieces.filter((one) => one?.word === "same").length;
  return `${count(given.length, "file")} hashed here: ${said.join("; ")}. Of ${count(evidence.length, "piece")} of evidence ${have === evidence.length ? "all are" : `${have} ${have === 1 ? "is" : "are"}`} available.`;
}
