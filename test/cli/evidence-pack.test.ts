/** `attest evidence pack`, and what becomes of its file when the registry has gone: the same verdict, offline, and never more trust than before. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DATA_END, DATA_START } from "../../src/formats/page.js";
import type { DataOf } from "../../src/formats/page-data.js";
import { attest, copyOf, ended, fault, MAIN, start, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, publish, writeDraft } from "./drafts.js";
import type { Code } from "../../src/core/codes.js";
import { failure, naming, withCode } from "../core/refusal.js";

/** After `attest demo`: a plan, a log, and observations from which outcomes follow. */
let made: Workspace;
/** Of the one attestation of `demo`, and the file beside it. */
let id = "";
let file = "";
let line = "";

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};
const text = (work: Workspace, path: string): string => readFileSync(work.path(path), "utf8");
const evidence = (work: Workspace, registry = "demo"): string[] => {
  const folder = work.path(registry, "attestations/evidence/sha256");
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
};

beforeAll(async () => {
  made = workspace();
  await made.attest("demo");
  file = join(
    "demo/attestations",
    readdirSync(made.path("demo/attestations")).find((name) => /^test_.*json$/.test(name)) ?? "none",
  );
  id = file.replace(/^.*\/|\.json$/g, "");
  line = (await made.attest("key", "show")).stdout.trim();
  ok(await made.attest("evidence", "pack", file, "--output", "pack.html"));
}, 60_000);

/** Somebody else's machine: the pack, the signer's key, and nothing of the registry or of the signer. */
function elsewhere(
  from = made,
  pack = "pack.html",
): { readonly work: Workspace; readonly on: ReturnType<typeof stranger> } {
  const work = workspace();
  work.write("pack.html", readFileSync(from.path(pack)));
  return { work, on: stranger(work) };
}
const verify = async (work: Workspace, ...args: readonly string[]): Promise<Ran> =>
  attest(["verify", "pack.html", ...args], stranger(work));
const withKey = (work: Workspace, ...args: readonly string[]): Promise<Ran> => verify(work, "--key", line, ...args);

const dataOf = (page: string): DataOf<"pack"> => {
  const from = page.indexOf(DATA_START) + DATA_START.length;
  return JSON.parse(page.slice(from, page.indexOf(DATA_END, from))) as DataOf<"pack">;
};
/** The same page with other data, as whoever hands it on could make it. */
const withData = (page: string, change: (data: DataOf<"pack">) => DataOf<"pack">): string => {
  const from = page.indexOf(DATA_START) + DATA_START.length;
  const data = JSON.stringify(change(dataOf(page))).replaceAll("<", "\\u003c");
  return page.slice(0, from) + data + page.slice(page.indexOf(DATA_END, from));
};
const rewrite = (work: Workspace, change: (data: DataOf<"pack">) => DataOf<"pack">): void =>
  writeFileSync(work.path("pack.html"), withData(text(work, "pack.html"), change));

/** As another version would have written it: its style is another, and its policy names that. */
const restyled = (page: string): string => {
  const hash = (style: string): string => createHash("sha256").update(style).digest("base64");
  const [, style = ""] = /<style>([^<]*)<\/style>/.exec(page) ?? [];
  const other = `${style}\n.more {}\n`;
  return page.replace(style, () => other).replace(hash(style), () => hash(other));
};

describe("when the registry has gone", () => {
  test("evidence, recomputation, plan and log are checked from what is inside", async () => {
    const { work } = elsewhere();
    const ran = ok(await withKey(work, "--recompute", "--require", "evidence,logged", "--json"));
    const [one] = ran.json()["documents"] as unknown as [
      { target: string; report: { id: string; checks: { name: string; status: string; code: string }[] } },
    ];
    expect([one.target, one.report.id]).toEqual(["pack.html", id]);
    const status = Object.fromEntries(one.report.checks.map((check) => [check.name, check.status]));
    expect(status).toMatchObject({
      signature: "passed",
      trust: "passed",
      "file-name": "passed",
      evidence: "passed",
      recompute: "passed",
      plan: "passed",
      log: "passed",
      policy: "passed",
      retraction: "not-checked",
    });
  });

  const shut = spawnSync("unshare", ["-rn", "true"]).status === 0;
  if (!shut) console.warn("unshare -rn is not allowed here: verifying without a network is not tried");
  test.skipIf(!shut)("and without a network", async () => {
    const { work, on } = elsewhere();
    const args = ["-rn", process.execPath, MAIN, "verify", "pack.html", "--key", line, "--require", "evidence,logged"];
    const ran = ok(await ended(spawn("unshare", args, { ...on, stdio: ["ignore", "pipe", "pipe"] })));
    expect(ran.stdout).toContain("INCONCLUSIVE 6 passed, 3 skipped: Signed, unchanged\n");
    expect(existsSync(work.path("demo"))).toBe(false);
  });

  test("without a key of your own it is nobody's word, whatever keyring is inside", async () => {
    const { work } = elsewhere();
    const ran = ok(await verify(work), 3);
    expect(ran.stdout).toContain("trust      only known from this site (the pack's own keyring)\n");
  });

  test("show reads it, and stdin takes it", async () => {
    const { work, on } = elsewhere();
    expect(ok(await attest(["show", "pack.html", "--key", line], on)).stdout).toContain(
      "Task-aware background processing",
    );
    const input = readFileSync(work.path("pack.html"));
    expect(ok(await attest(["verify", "-", "--key", line], { ...on, input })).stdout).toContain(`id         ${id}`);
  });

  test("a pack is packed again, with the same evidence", async () => {
    const { work, on } = elsewhere();
    ok(await attest(["evidence", "pack", "pack.html", "--output", "again.html"], on));
    renameSync(work.path("again.html"), work.path("pack.html"));
    ok(await withKey(work, "--recompute", "--require", "evidence,logged"));
  });
});

describe("making it", () => {
  test("by id and by file it is the same bytes, under the id; again is no error, and other bytes stay", async () => {
    const work = copyOf(made);
    ok(await work.attest("evidence", "pack", id, "--registry", "demo"));
    const page = text(work, `${id}.html`);
    expect(ok(await work.attest("evidence", "pack", file)).stdout).toBe(`${id}.html\n`);
    expect(ok(await work.attest("evidence", "pack", file, "--output", "-")).stdout === page).toBe(true);
    writeFileSync(work.path(`${id}.html`), "mine");
    const ran = await work.attest("evidence", "pack", file, "--json");
    expect(failure(ok(ran, 2))).toEqual(withCode("file-exists", `${id}.html`));
    expect(text(work, `${id}.html`)).toBe("mine");
  });

  test("evidence that was changed is never packed, not even with --partial", async () => {
    const work = copyOf(made);
    const [piece = ""] = evidence(work);
    const bytes = readFileSync(piece);
    writeFileSync(
      piece,
      bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
    );
    for (const more of [[], ["--partial"]]) {
      const ran = await work.attest("evidence", "pack", file, ...more, "--json");
      expect(failure(ok(ran, 5))).toEqual(withCode("evidence-changed", bytes.length));
    }
    writeFileSync(piece, bytes.subarray(1));
    expect((await work.attest("evidence", "pack", file)).code).toBe(5);
    expect(readdirSync(work.cwd)).not.toContain(`${id}.html`);
  });

  test("evidence that is missing is an error, unless the pack is to say so", async () => {
    const work = copyOf(made);
    const [piece = "", ...rest] = evidence(work);
    rmSync(piece);
    const ran = await work.attest("evidence", "pack", file, "--json");
    expect(failure(ok(ran, 2)).code).toBe("file-missing");
    const told = ok(await work.attest("evidence", "pack", file, "--partial", "--output", "partial.html"));
    expect(told.stderr).toMatch(/^6 pieces of evidence inside\nnot in this pack: \S+\n/);
    expect(rest).toHaveLength(6);
    const { work: there } = elsewhere(work, "partial.html");
    expect(ok(await withKey(there)).stdout).toMatch(/^ {2}evidence {3}not in this pack: \S+$/m);
    expect(ok(await withKey(there, "--require", "evidence"), 4).stdout).toContain("NOT ACCEPTED");
  });

  test("what does not verify is not packed", async () => {
    const work = copyOf(made);
    const refused = async (target: string, exit: number, code: Code): Promise<void> => {
      const ran = await attest(["evidence", "pack", target, "--output", "x.html", "--json"], stranger(work));
      expect([ran.code, failure(ran).code]).toEqual([exit, code]);
      expect(existsSync(work.path("x.html"))).toBe(false);
    };
    const good = text(work, file);
    work.write(file, good.replace("Task-aware", "Task-awake"));
    await refused(file, 1, "signature-bad");
    work.write(file, good);
    renameSync(work.path(file), work.path("demo/attestations/test_0123456789abcdef.json"));
    await refused("demo/attestations/test_0123456789abcdef.json", 1, "name-mismatch");
    work.write("alone.json", good);
    await refused("alone.json", 3, "key-unknown");
    await refused("nothing.json", 2, "file-missing");
    await refused("https://example.org/attestations/a.json", 2, "usage");
    await refused("demo", 1, "name-mismatch"); // the one that it has
    const both = await work.attest("evidence", "pack", "alone.json", "--registry", "demo", "--json");
    expect(failure(both)).toEqual(withCode("usage", "--registry"));
  });

  test("a file outside every registry is packed with what lies beside it", async () => {
    const work = copyOf(made);
    writeDraft(work, "statement");
    ok(await work.attest("sign", "statement.json", "--output", "mine.json"));
    ok(await work.attest("evidence", "pack", "mine.json", "--output", "mine.html"));
    const { work: there } = elsewhere(work, "mine.html");
    expect(ok(await withKey(there, "--require", "evidence,validated")).stdout).toContain("VALIDATED");
    ok(await verify(there), 3);
  });

  test("nothing of the one who packs is in it: no name of a key, no path", async () => {
    const work = copyOf(made);
    ok(await work.attest("trust", "add", "my-secret-name", line));
    ok(await work.attest("evidence", "pack", file, "--output", "pack2.html"));
    expect(text(work, "pack2.html") === text(made, "pack.html")).toBe(true);
    expect(text(made, "pack.html")).not.toContain(work.root);
  });
});

describe("what was said against it comes along", () => {
  const packed = async (work: Workspace): Promise<Workspace> => {
    const name = readdirSync(work.path("lab/attestations")).find((one) => /^test_.*json$/.test(one)) ?? "none";
    ok(await attest(["evidence", "pack", join("lab/attestations", name), "--output", "p.html"], stranger(work)));
    const { work: there } = elsewhere(work, "p.html");
    rmSync(work.path("p.html"));
    return there;
  };
  const theirs = async (work: Workspace): Promise<string> => (await work.attest("key", "show", "signer")).stdout.trim();

  test("a notice that takes it back, and its entry in the log where the notice is withheld", async () => {
    const work = workspace();
    await lab(work);
    const [result = ""] = readdirSync(work.path("lab/attestations")).filter((name) => /^test_.*json$/.test(name));
    const key = await theirs(work);
    const before = await packed(work);
    ok(await work.attest("retract", result.replace(".json", ""), "--reason", "a slip", "--registry", "lab"));
    const after = await packed(work);
    expect(ok(await verify(after, "--key", key), 3).stdout).toMatch(
      /since then +✗ retracted at \S+ \(claimed\): a slip/,
    );
    for (const note of readdirSync(work.path("lab/attestations")).filter((name) => name.startsWith("note_")))
      rmSync(work.path("lab/attestations", note));
    const withheld = await packed(work);
    expect(ok(await verify(withheld, "--key", key), 3).stdout).toContain("the log has an entry that retracts it");
    // An older pack does not know, and does not say that it was not.
    ok(await verify(before, "--key", key));
    ok(await verify(before, "--key", key, "--require", "not-retracted"), 4);
  });

  test("a key that was revoked", async () => {
    const work = workspace();
    await lab(work);
    const key = await theirs(work);
    ok(
      await work.attest(
        "key",
        "revoke",
        "signer",
        "--reason",
        "stolen",
        "--since",
        "2026-01-01T00:00:00Z",
        "--registry",
        "lab",
      ),
    );
    const there = await packed(work);
    expect(ok(await verify(there, "--key", key), 3).stdout).toContain("trust      revoked");
  });
});

describe("a pack that somebody changed", () => {
  test("a byte of evidence: told, and no pass of the gate", async () => {
    const { work } = elsewhere();
    rewrite(work, (data) => {
      const [sha256, base64] = Object.entries(data.packed)[0]!;
      const bytes = Buffer.from(base64, "base64");
      bytes[0]! ^= 1;
      return { ...data, packed: { ...data.packed, [sha256]: bytes.toString("base64") } };
    });
    expect(ok(await withKey(work), 5).stdout).toMatch(
      /evidence: archived bytes differ from what was signed: \S+ \[evidence-changed\]/,
    );
    ok(await withKey(work, "--require", "evidence"), 3);
  });

  test("a letter of the document: refused, and nothing is shown", async () => {
    const { work, on } = elsewhere();
    rewrite(work, (data) => ({
      ...data,
      documents: [{ ...data.documents[0], text: data.documents[0].text.replace("Task-aware", "Task-awake") }],
    }));
    expect(ok(await withKey(work), 1).stdout).not.toContain("Task-awa");
    expect(ok(await attest(["show", "pack.html", "--key", line], on), 1).stdout).not.toContain("Task-awa");
  });

  test("kind P: what only a page would have counted is refused", async () => {
    const { work } = elsewhere();
    const whole = text(work, "pack.html");
    for (const more of [
      { related: [], moreRelated: 97 },
      { audit: { audits: 12 } },
      { hasLog: true },
      { class: "good" },
    ]) {
      writeFileSync(work.path("pack.html"), whole);
      rewrite(work, (data) => ({ ...data, ...more }));
      const ran = await withKey(work, "--json");
      expect(ran.json()).toMatchObject({ exit: 2, error: { code: "page-format" } });
    }
  });

  test("kind O: a keyring that cannot be read, and with it what it revokes, is no keyring that is empty", async () => {
    const { work } = elsewhere();
    rewrite(work, (data) => ({ ...data, keyring: data.keyring!.slice(0, -3) }));
    expect((await withKey(work, "--json")).json()).toMatchObject({ exit: 2, error: { code: "json-syntax" } });
  });

  test.each<[string, (page: string) => string]>([
    [
      "another body",
      (page) => page.replace(/<main id="main">.*<\/main>/s, '<main id="main"><h1>It is safe</h1></main>'),
    ],
    ["another title", (page) => page.replace(/<title>[^<]*/, "<title>It is safe: VALIDATED")],
    ["another description", (page) => page.replace(/(name="description" content=")[^"]*/, "$1It is safe")],
    [
      "a policy under which its verifier does not run",
      (page) => page.replace(/script-src 'sha256-..../, "script-src 'sha256-AAAA"),
    ],
    [
      "another script, and the policy of the old one",
      (page) => page.replace("</script>\n</body>", ";</script>\n</body>"),
    ],
    [
      "another style, and another body",
      (page) => restyled(page).replace("Not checked in this browser", "Checked by the Institute"),
    ],
  ])("kind P: %s is refused", async (_, change) => {
    const { work } = elsewhere();
    const whole = text(work, "pack.html");
    const changed = change(whole);
    expect(changed).not.toBe(whole);
    writeFileSync(work.path("pack.html"), changed);
    const ran = await withKey(work, "--json");
    expect(ran.json()).toMatchObject({ exit: 2, error: { code: "pack-format" } });
  });

  test("kind P: a style of another version is its own, its document verifies, and that is said", async () => {
    const { work } = elsewhere();
    writeFileSync(work.path("pack.html"), restyled(text(work, "pack.html")));
    expect(ok(await withKey(work, "--json")).json()["documents"]).toMatchObject([
      { uncompared: true, report: { exit: 0 } },
    ]);
    expect(ok(await withKey(work)).stdout).toMatch(/^  page       not compared: /m);
    expect(ok(await withKey(elsewhere().work)).stdout).not.toMatch(/^  page /m);
  });

  test("another attestation under its name, or its own under another", async () => {
    const other = copyOf(made);
    const mine = text(other, await publish(other, "demo"));
    const { work } = elsewhere();
    rewrite(work, (data) => ({ ...data, documents: [{ ...data.documents[0], text: mine }] }));
    expect(ok(await withKey(work), 1).stdout).toContain("[name-mismatch]");
  });

  test("a keyring of the attacker's own gives no trust, and takes none from whom it does not name", async () => {
    const attacker = workspace();
    await lab(attacker);
    const [name = ""] = readdirSync(attacker.path("lab/attestations")).filter((one) => /^test_.*json$/.test(one));
    ok(await attacker.attest("evidence", "pack", join("lab/attestations", name), "--output", "pack.html"));
    const { work } = elsewhere(attacker);
    ok(await verify(work), 3);
    ok(await withKey(work), 3);
  });

  test("a pin for its registry counts, and another key there is a full stop", async () => {
    const { work, on } = elsewhere();
    const pinning = workspace();
    const theirs = ok(await pinning.attest("key", "new", "theirs")).stdout.trim();
    ok(await attest(["trust", "add", "signer", line, "--origin", "demo.invalid"], on));
    ok(await verify(work));
    ok(await attest(["trust", "remove", "signer"], on));
    ok(await attest(["trust", "add", "signer", theirs, "--origin", "demo.invalid"], on));
    expect(fault(ok(await verify(work), 3)).error).toMatch(/pinned SHA256:.*SHA256:/);
  });

  test("cut off or spoilt anywhere: a sentence, and never a pass of anything else", async () => {
    const { work, on } = elsewhere();
    const page = readFileSync(work.path("pack.html"));
    const data = page.indexOf(DATA_START);
    const end = page.indexOf(DATA_END, data);
    const within = Array.from({ length: 12 }, (_, at) => data + Math.floor(((end - data) * at) / 12));
    const spoilt = [
      ...[0, 1, 40, 100, data - 1, ...within, end].map((length) => page.subarray(0, length)),
      ...within.map((at) => Buffer.from(page.map((byte, place) => (place === at ? byte ^ 1 : byte)))),
    ];
    mkdirSync(work.path("all"), { recursive: true });
    const exits = await Promise.all(
      spoilt.map(async (bytes, at) => {
        writeFileSync(work.path(`all/${at}.html`), bytes);
        const ran = await ended(start(["verify", `all/${at}.html`, "--key", line], on));
        expect(ran.stderr).not.toContain("internal error");
        if (ran.code === 0) expect(ran.stdout).toContain(`id         ${id}\n`);
        return ran.code;
      }),
    );
    expect(exits.slice(0, 18)).toEqual(exits.slice(0, 18).map(() => 2));
    expect(exits.every((exit) => exit !== null && exit < 6)).toBe(true);
  }, 60_000);

  test("a page of a site is no pack, and says what to do", async () => {
    const work = copyOf(made);
    ok(await work.attest("site", "build", "--registry", "demo", "--output", "site"));
    const ran = await attest(["verify", `site/attestations/${id}.html`, "--key", line, "--json"], stranger(work));
    expect(failure(ok(ran, 2))).toMatchObject({
      code: "pack-format",
      hint: expect.stringMatching(naming("attest evidence pack", ".json")),
    });
  });
});
