/** `--matrix NAME=a,b,c`: every combination of the values, each a run of its own. */
import { AttestError } from "../../core/errors.js";

export type Variables = Readonly<Record<string, string>>;

const MOST = 1000;

/** One without variables for an empty matrix. @throws AttestError `usage` */
export function combinations(given: readonly string[]): Variables[] {
  const axes = new Map<string, readonly string[]>();
  for (const text of given) {
    const [, name, list = ""] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    const values = list.split(",");
    if (name === undefined || values.includes("") || new Set(values).size !== values.length)
      throw refused(`--matrix takes NAME=a,b,c, not ${JSON.stringify(text)}`);
    if (axes.has(name)) throw refused(`--matrix names ${name} twice`);
    axes.set(name, values);
  }
  const number = [...axes.values()].reduce((product, { length }) => product * length, 1);
  if (number > MOST) throw refused(`the matrix has ${number} combinations, more than ${MOST}`);
  return [...axes].reduce<Variables[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

const refused = (found: string): AttestError =>
  new AttestError("usage", found, "for example: --matrix NODE_ENV=test,production");
