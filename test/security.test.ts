/** SECURITY.md: each thing that an attacker may try names the test that tries it, and that test is there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(ROOT, "SECURITY.md"), "utf8");
const section = /^## What an attacker may try without success\n([^]*?)\n## /m.exec(page)?.[1] ?? "";
const items = section
  .split(/^- /m)
  .slice(1)
  .map((item) => item.replace(/^#.*$/gm, "").replace(/\s+/g, " ").trim());

describe("each sentence has its test", () => {
  test("there are some", () => {
    expect(items.length).toBeGreaterThan(20);
  });

  test.each(items.map((item) => [item]))("%s", (item) => {
    const files = [...item.matchAll(/`(test\/[^`]+)`/g)].map(([, path = ""]) => path);
    expect(files).not.toEqual([]);
    for (const path of files) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(readFileSync(join(ROOT, path), "utf8"), path).toMatch(/\btest(?:\.each)?\b/);
    }
  });
});
