/** The simple commands in a shell line, as far as they are visible without running it. */

/** Commands that the shell runs itself. */
const BUILTIN =
  /^(?:\[|:|bg|break|continue|dirs|echo|false|fg|help|jobs|kill|logout|printf|pwd|return|shift|test|times|true|type|ulimit|umask|wait)$/;
/** After these the rest of the line is not a simple command or means something else. */
const ENDS =
  /^(?:\.|alias|builtin|cd|command|declare|enable|eval|exit|export|getopts|hash|let|local|mapfile|popd|pushd|read|readarray|readonly|set|shopt|source|trap|typeset|unalias|unset|!|if|then|else|elif|fi|for|while|until|do|done|case|esac|function|select|time|coproc|\{|\}|\[\[)$/;

/** The words of each command; "" for a word that is computed at run time. Stops at the first construct it does not understand. */
export function simpleCommands(line: string): string[][] {
  const commands: string[][] = [];
  for (const { words, whole } of separated(line)) {
    const at = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    if (words.some((word, where) => (at < 0 || where < at) && word.startsWith("PATH="))) break;
    const [first, ...rest] = at < 0 ? [] : words.slice(at);
    if (first !== undefined) {
      const named = first === "exec" ? rest : [first, ...rest];
      const [program = ""] = named;
      // `printf -v PATH` and `wait -p PATH` set a variable.
      if (ENDS.test(first) || (/^(?:printf|wait)$/.test(first) && /^-[vp]/.test(rest[0] ?? ""))) break;
      if (!/^[\w@%+:,./[-]+$/.test(program)) break;
      if (!BUILTIN.test(program)) commands.push(named);
      if (first === "exec") break;
    }
    if (!whole) break;
  }
  return commands;
}

interface Part {
  readonly words: readonly string[];
  /** Whether the following text is understood too. */
  readonly whole: boolean;
}

type Token = "blank" | "end" | "literal" | "double" | "escaped" | "redirection" | "comment" | "made" | "plain";
const TOKENS: readonly (readonly [Token, RegExp])[] = [
  ["blank", /[ \t]+/y],
  ["end", /&&|\|\||[;&|\n]/y],
  ["literal", /'([^']*)'/y],
  ["double", /"((?:[^"\\`$]|\\[^]|\$(?![({]))*)"/y],
  ["escaped", /\\([^\n])/y],
  ["redirection", /\d*(?:>>?|<)(?:&[\d-]|[ \t]*[^\s;&|<>()$`"'\\]+)/y],
  ["comment", /(?<=^|\s)#[^\n]*/y],
  ["made", /\$\w+|\$\{\w+\}|[*?{}~]|\[/y],
  ["plain", /[^\s;&|<>()$`"'\\*?{}~[]/y],
];

/** Splits at `&&`, `||`, `;`, `|`, `&` and line feeds, up to a substitution, a group, or anything but a plain word. */
function separated(line: string): Part[] {
  const parts: Part[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let made = false;
  const endWord = (): void => {
    if (word !== undefined) words.push(made ? "" : word);
    [word, made] = [undefined, false];
  };
  for (let at = 0; at < line.length;) {
    const found = TOKENS.map(([kind, form]): readonly [Token, RegExpExecArray | null] => {
      form.lastIndex = at;
      return [kind, form.exec(line)];
    }).find(([, match]) => match !== null);
    const [kind, match] = found ?? [];
    if (kind === undefined || !match) return [...parts, { words, whole: false }]; // drops the incomplete word
    at += match[0].length;
    if (kind === "blank") endWord();
    else if (kind === "end") {
      endWord();
      parts.push({ words, whole: true });
      words = [];
    } else if (kind !== "redirection" && kind !== "comment") {
      word = (word ?? "") + (match[1] ?? match[0]);
      made ||= (kind === "made" && match[0] !== "[") || (kind === "double" && /[\\$]/.test(match[0]));
    }
  }
  endWord();
  return [...parts, { words, whole: true }];
}
