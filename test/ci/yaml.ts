/** As much of YAML as the workflow files here are written in: maps, lists, one-line and block texts. Anything else is an error. */
export type Yaml = string | Yaml[] | { [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

export function parseYaml(source: string): Yaml {
  const lines = source.split("\n").map((line) => ({ indent: line.search(/\S|$/), text: line.trim() }));
  const reader = new Reader(lines);
  const value = reader.value();
  if (reader.next() !== undefined) throw new Error(`expected the end, found ${reader.next()?.text ?? ""}`);
  return value;
}

class Reader {
  readonly lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.lines = lines;
  }

  next(): Line | undefined {
    while (this.#at < this.lines.length && /^(?:#.*)?$/.test(this.lines[this.#at]?.text ?? "")) this.#at++;
    return this.lines[this.#at];
  }

  value(): Yaml {
    const { indent, text } = this.next() ?? { indent: 0, text: "" };
    return text.startsWith("- ") ? this.#list(indent) : this.#map(indent);
  }

  #list(indent: number): Yaml[] {
    const items: Yaml[] = [];
    for (let line = this.next(); line?.indent === indent && line.text.startsWith("- "); line = this.next()) {
      const rest = line.text.slice(2);
      this.lines[this.#at] = { indent: indent + 2, text: rest };
      if (/^[\w-]+:(?: |$)/.test(rest)) items.push(this.#map(indent + 2));
      else {
        this.#at++;
        items.push(scalar(rest));
      }
    }
    return items;
  }

  #map(indent: number): Record<string, Yaml> {
    const map: Record<string, Yaml> = {};
    for (let line = this.next(); line?.indent === indent; line = this.next()) {
      const [, key, rest = ""] = /^([\w-]+):(?: +(.*))?$/.exec(line.text) ?? [];
      if (key === undefined || key in map) throw new Error(`expected a new key, found ${line.text}`);
      this.#at++;
      const deeper = (this.next()?.indent ?? 0) > indent;
      if (rest === "|" || rest === ">-") map[key] = this.#block(indent, rest);
      else if (rest !== "") map[key] = scalar(rest);
      else map[key] = deeper ? this.value() : "";
    }
    return map;
  }

  #block(indent: number, style: "|" | ">-"): string {
    const taken: Line[] = [];
    for (let line = this.lines[this.#at]; line !== undefined; line = this.lines[this.#at]) {
      if (line.text !== "" && line.indent <= indent) break;
      taken.push(line);
      this.#at++;
    }
    while (taken.at(-1)?.text === "") taken.pop();
    const margin = taken[0]?.indent ?? 0;
    if (style === ">-") return taken.map(({ text }) => text).join(" ");
    return `${taken.map(({ indent: own, text }) => " ".repeat(Math.max(0, own - margin)) + text).join("\n")}\n`;
  }
}

function scalar(text: string): Yaml {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (text === "{}") return {};
  if (text.startsWith("[")) return text.slice(1, -1).split(", ");
  if (/^[&*!|>%@`'{]| #|: /.test(text)) throw new Error(`expected a plain text, found ${text}`);
  return text;
}
