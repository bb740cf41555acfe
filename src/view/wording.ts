/** The form of what is said: a word that stands by itself, and a sentence that says what it means for a reader. */

export interface Wording {
  readonly word: string;
  readonly sentence: string;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
