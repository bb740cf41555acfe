/** The form of every wording: a word that stands alone, and a sentence with its meaning for the reader. */

export interface Wording {
  readonly word: string;
  readonly sentence: string;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
