/** The data in a page: read, and changed as a host could, which the page's own policy cannot see. */
import { DATA_END, DATA_START } from "../../src/formats/page.js";

const span = (page: string): readonly [from: number, to: number] => {
  const from = page.indexOf(DATA_START) + DATA_START.length;
  return [from, page.indexOf(DATA_END, from)];
};

export const dataIn = (page: string): string => page.slice(...span(page));

export function withData(page: string, spelled: string): string {
  const [from, to] = span(page);
  return page.slice(0, from) + spelled + page.slice(to);
}
