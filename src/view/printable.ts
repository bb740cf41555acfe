/** Text that came from a document, made safe to look at: nothing in it can move a cursor, turn the reading order or hide. */

/**
 * Controls, format characters (bidi overrides, zero widths, tags), line separators, halves of pairs, and blanks that pass for nothing. What
 * scripts and emoji need stays: the two joiners, and the two selectors of text or picture.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800](?<![\u200c\u200d\ufe0e\ufe0f])/gu;

const escape = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * One line: a line feed too is escaped, because a second line could pose as one of ours.
 * @example printable("a\u001b[2Jb\u202ec")   // "a\\u{1b}[2Jb\\u{202e}c"
 */
export const printable = (text: string): string => text.replace(UNSEEN, escape);

/** Several lines, for text that is set apart as a block: line feeds and tabs stay. */
export const printableLines = (text: string): string =>
  text.replace(UNSEEN, (character) => ("\n\t".includes(character) ? character : escape(character)));
