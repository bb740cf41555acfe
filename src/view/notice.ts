/** Shows a notice to people. Only used for what `verify` returned as `notice`. */
import type { KeyEntry } from "../core/keys/keyring.js";
import type { Notice } from "../core/statement/notice.js";
import { auditFacts, auditTables, countOf, waiverFacts } from "./audit-notice.js";
import { toDocument, type PageLinks } from "./standing.js";
import { date, facts, h, type Child, type Element } from "./tree.js";
import type { Wording } from "./wording.js";

/** The key's name, and whether the keyring says that it has ended. */
export const signerLabel = ({ name, validUntil, revoked }: KeyEntry): string =>
  revoked !== undefined
    ? `${name}, revoked from ${revoked.at} on`
    : validUntil !== undefined
      ? `${name}, until ${validUntil}`
      : name;

/** Its content in one line. */
export function noticeWording(notice: Notice): Wording {
  switch (notice.action) {
    case "rotate":
      return {
        word: "A key is replaced by another",
        sentence: "From then on the new key signs. Earlier signatures of the old key stay valid.",
      };
    case "revoke":
      return {
        word: "A key is revoked",
        sentence: `Do not rely on what it signed from ${notice.since} on, or on earlier signatures that nobody else saw in time.`,
      };
    case "receipt":
      return {
        word: "A signature was seen",
        sentence: "The signature is at least as old as this notice, if you trust the notice's signer.",
      };
    case "retract":
      return {
        word: "An attestation is retracted",
        sentence: "Its signature stays valid, but its signer no longer stands by it.",
      };
    case "supersede":
      return {
        word: "An attestation is replaced by another",
        sentence: "Read the other one first. The old one was not changed.",
      };
    case "abandon":
      return {
        word: "A plan is abandoned",
        sentence: "No result of the announced test was published, and none will come.",
      };
    case "waive":
      return {
        word: "A finding of an audit is waived",
        sentence:
          "Until the named date it does not count for auditors who confirmed the key that signed this; for others it still counts.",
      };
    case "audit":
      return {
        word: "What an audit found: an audit receipt",
        sentence: `${countOf(notice)} It is its signer's word about what they saw, with the named tools.`,
      };
  }
}

function factsOf(notice: Notice, place: PageLinks | undefined): [string, Child][] {
  const code = (text: string): Element => h("code", "digest", text);
  switch (notice.action) {
    case "rotate":
      return [
        ["old key", code(notice.from)],
        ["new key", code(notice.to)],
        ["because (claimed)", notice.reason],
      ];
    case "revoke":
      return [
        ["key", code(notice.key)],
        ["from", date(notice.since)],
        ["because (claimed)", notice.reason],
      ];
    case "receipt":
      return [
        ["signature, SHA-256", code(notice.signature)],
        ["signed payload, SHA-256", code(notice.payload)],
      ];
    case "retract":
    case "abandon":
      return [
        notice.action === "abandon"
          ? ["plan", toDocument("plan", notice.about, place)]
          : ["attestation", toDocument("test", notice.about, place)],
        ["because (claimed)", notice.reason],
      ];
    case "supersede":
      return [
        ["attestation", toDocument("test", notice.about, place)],
        ["replaced by", toDocument("test", notice.by, place)],
        ["because (claimed)", notice.reason],
      ];
    case "waive":
      return waiverFacts(notice, place);
    case "audit":
      return auditFacts(notice);
  }
}

export function noticeTitle(notice: Notice): Element {
  const { word, sentence } = noticeWording(notice);
  return h("header", "title", h("p", "kicker", "Notice"), h("h1", "", word), h("p", "lede", sentence));
}

export const noticeView = (notice: Notice, place?: PageLinks): Element =>
  h(
    "section",
    "dates",
    h("h2", "", "What it says"),
    facts("", [...factsOf(notice, place), ["signed (claimed)", date(notice.signedAt)]]),
    notice.action === "audit" ? auditTables(notice, place) : undefined,
  );
