/** Makes text from a document safe to display: it cannot move the cursor, change the reading direction, or hide. */

/**
 * Controls, format characters (bidi overrides, zero widths, tags), line separators, lone surrogates, and blanks that look empty. The two
 * joiners and the two variation selectors stay, because scripts and emoji need them.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800](?<![\u200c\u200d\ufe0e\ufe0f])/gu;

const escape = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * One line. Line feeds are escaped too, because a second line could pose as one of ours.
 * @example printable("a\u001b[2Jb\u202ec")   // "a\\u{1b}[2Jb\\u{202e}c"
 */
export const printable = (text: string): string => text.replace(UNSEEN, escape);

/** Several lines, for text in a separate block: keeps line feeds and tabs. */
export const printableLines = (text: string): string =>
  text.replace(UNSEEN, (character) => ("\n\t".includes(character) ? character : escape(character)));
