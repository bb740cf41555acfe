/**
 * A command as a person writes it, split into words without a shell: at white space, but for what stands in quotes. There are no escapes
 * and no variables. What a shell would understand and this does not is refused: `npm ci && npm test` must not pass for `npm ci`.
 * @param {string} command
 * @returns {string[]}
 */
export function words(command) {
  /** @param {string} what */
  const refused = (what) => new Error(`expected a plain command, found ${what}; with shell: true it is given to sh`);
  if (command.trim().includes("\n")) throw refused("more than one line");
  const found = [];
  let rest = command.trim();
  while (rest !== "") {
    const [word] = /^(?:'[^']*'|"[^"]*"|[^\s'"])+/.exec(rest) ?? [];
    if (word === undefined) throw refused("a quote without its other half");
    const [meant] =
      /[|&;<>()$`]/.exec(word.replace(/'[^']*'/g, "").replace(/"[^"]*"/g, (part) => part.replace(/[|&;<>()]/g, ""))) ??
      [];
    if (meant !== undefined) throw refused(JSON.stringify(meant));
    found.push(word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"));
    rest = rest.slice(word.length).trimStart();
  }
  return found;
}
