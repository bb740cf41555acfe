/** How to make known test runners write a report; shown if a run has none. */
import { scriptOf } from "./project.js";

const ADVICE: readonly (readonly [runner: RegExp, advice: string])[] = [
  [/\bvitest\b/, "vitest writes one with: --reporter=default --reporter=junit --outputFile.junit=junit.xml"],
  [/\bjest\b/, "jest writes one with: --json --outputFile=jest-results.json"],
  [/\bplaywright\b/, "playwright writes one with: PLAYWRIGHT_JUNIT_OUTPUT_NAME=junit.xml and --reporter=line,junit"],
  [/\bmocha\b/, "mocha prints one with: --reporter tap"],
  [/\bnode\b.*--test\b/, "node writes one with: --test-reporter=junit --test-reporter-destination=junit.xml"],
  [/\bpytest\b|\bpy\.test\b/, "pytest writes one with: --junitxml=junit.xml"],
  [/\bgo\b.*\btest\b/, "go prints one with: go test -json ./..."],
  [/\bcargo\b.*\bnextest\b/, "nextest writes one with a profile that has a junit path, named with --report"],
  [/\bctest\b/, "ctest writes one with: --output-junit junit.xml"],
  [/\bphpunit\b/, "phpunit writes one with: --log-junit junit.xml"],
  [/\brspec\b/, "rspec writes one with the formatter of the gem rspec_junit_formatter"],
];

/** Recognized by the command's words; for npm and others by the script that they run. */
export function reportHint(command: readonly string[], cwd: string): string {
  const [program = "", ...words] = command;
  const scripts = /(?:^|[/\\])(?:npm|yarn|pnpm|bun)$/.test(program)
    ? words.map((word) => scriptOf(cwd, word === "t" ? "test" : word))
    : [];
  const all = [...command, ...scripts].join(" ");
  const found = ADVICE.find(([runner]) => runner.test(all));
  return found?.[1] ?? "most runners can write JUnit XML; name it with --report FILE";
}
