/** `--key https://host/name.keys`: what counts among what a host lists, for which documents, and what is refused. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, fault, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";
import { serve, withoutOpenssl, type Answer, type Https } from "./https.js";
import { naming } from "../core/refusal.js";

const missing = withoutOpenssl();
if (missing !== undefined) console.warn(`keys over https are not tested: ${missing}`);

describe.skipIf(missing !== undefined)(`keys over https${missing === undefined ? "" : `: ${missing}`}`, () => {
  let made: Workspace;
  let host: Https;
  let line = "";
  let file = "";
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    made = workspace();
    ({ file } = await lab(made));
    line = (await made.attest("key", "show")).stdout.trim();
    host = await serve(made.root, (path) => answers.get(path) ?? [404, {}]);
    const rsa = "ssh-rsa AAAAB3NzaC1yc2E= other";
    const listed = [rsa, "", "# mine", line, `no-pty ${line}`, "ssh-ed25519-cert-v01@openssh.com AAAA", line];
    const published = `/attestations/${basename(file)}`;
    for (const [path, answer] of Object.entries<Answer>({
      "/one.keys": [200, {}, `${line}\n`],
      "/many.keys": [200, {}, listed.join("\r\n")],
      "/rsa.keys": [200, {}, `${rsa}\n${rsa}\n`],
      "/damaged.keys": [200, {}, `${rsa}\nssh-ed25519 AAAA\n`],
      "/page": [200, {}, "<!doctype html>\n<title>Sign in</title>\n"],
      "/empty": [200, {}, ""],
      "/large": [200, {}, `${line}\n#${"x".repeat(64 * 1024)}\n`],
      "/moved": [301, { location: "/one.keys" }],
      "/away": [302, { location: `https://localhost:${host.port}/one.keys` }],
      "/plain": [302, { location: `http://${host.host}/one.keys` }],
      "/round": [302, { location: "/round" }],
      "/fault": [500, {}],
      [`/lab${published}`]: [200, {}, readFileSync(file)],
      "/lab/keys/keyring.json": [200, {}, readFileSync(made.path("lab/keys/keyring.json"))],
      "/lab/attest.json": [200, {}, readFileSync(made.path("lab/attest.json"))],
    }))
      answers.set(path, answer);
  });
  afterAll(() => host.server.close());

  const verify = (target: string, path: string, ...more: readonly string[]): Promise<Ran> => {
    const { cwd, env } = stranger(made);
    const key = path.includes("://") ? path : `https://${host.host}${path}`;
    return attest(["verify", target, "--key", key, ...more], { cwd, env: { ...env, ...host.env } });
  };
  const signers = (ran: Ran): JsonObject[] =>
    (ran.json() as unknown as { documents: { report: { signers: JsonObject[] } }[] }).documents.flatMap(
      ({ report }) => report.signers,
    );

  test.each([
    ["a single line", "/one.keys", ""],
    ["plain lines among others, which are skipped and counted", "/many.keys", ", 3 other lines skipped"],
    ["after a redirect on the same host", "/moved", ""],
  ])("%s: yours, with the host and the time", async (_, path, more) => {
    const ran = await verify(file, path, "--json");
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const [{ source = "" } = {}] = signers(ran);
    const said = /^--key (https:\/\/\S+), fetched (\d{4}-\d\d-\d\dT[\d:.]+Z)(.*)$/.exec(source as string) ?? [];
    expect(said.slice(1)).toEqual([`https://${host.host}${path}`, expect.any(String), more]);
  });

  test.each<[string, string, number, RegExp]>([
    ["lines of other types only", "/rsa.keys", 2, /ssh-ed25519.*\/rsa\.keys/],
    ["a line that is damaged", "/damaged.keys", 2, /base64|Ed25519/],
    ["a page", "/page", 2, naming(2)],
    ["nothing", "/empty", 2, naming("ssh-ed25519")],
    ["nobody of that name", "/nobody.keys", 2, /https:\S+\/nobody\.keys/],
    ["more than 64 KiB", "/large", 2, naming(65536)],
    ["a redirect to another host", "/away", 4, /https:\/\/localhost/],
    ["a redirect to plain http", "/plain", 4, /\bhttp:/],
    ["a circle", "/round", 4, naming(5)],
    ["a fault of theirs", "/fault", 4, naming(500)],
    ["plain http", "http://127.0.0.1:1/one.keys", 2, naming("https", "http")],
    ["a password in the address", "https://me:secret@127.0.0.1:1/x", 2, naming("password")],
    ["no address", "https://", 2, naming("https")],
  ])("%s: refused", async (_, path, code, said) => {
    const ran = await verify(file, path);
    expect(ran.code).toBe(code);
    const { error, hint } = fault(ran);
    expect(error).toMatch(said);
    expect(error + String(hint)).not.toContain("secret");
  });

  test("a certificate that nobody vouches for: refused", async () => {
    const ran = await attest(["verify", file, "--key", `https://${host.host}/one.keys`], stranger(made));
    expect(ran.code).toBe(4);
    expect(fault(ran).error).toMatch(/^could not fetch https:.*certificate/);
  });

  test("of a document from the same host it is only known from this site", async () => {
    const ran = await verify(`https://${host.host}/lab/attestations/${basename(file)}`, "/one.keys", "--json");
    expect(ran.code).toBe(3);
    expect(signers(ran)).toMatchObject([{ signature: "ok", trust: "registry-only" }]);
  });

  test("and of a registry that calls itself by that host", async () => {
    const work = workspace();
    await work.attest("init", "lab", "--origin", "127.0.0.1/lab");
    const own = (await work.attest("key", "show")).stdout;
    answers.set("/own.keys", [200, {}, own]);
    work.write("statement.json", readFileSync(made.path("statement.json")));
    work.write("statement.evidence/output.txt", "4\n");
    expect((await work.attest("sign", "statement.json", "--registry", "lab")).code).toBe(0);
    const ran = await verify(work.path("lab"), "/own.keys");
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain("only known from this site");
  });

  test("a pin from an address needs an address with one key", async () => {
    const { cwd, env } = stranger(made);
    const add = (path: string): Promise<Ran> =>
      attest(["trust", "add", "lab", `https://${host.host}${path}`, "--json"], { cwd, env: { ...env, ...host.env } });
    const ran = await add("/one.keys");
    expect(ran.json()).toMatchObject({ added: true, source: expect.stringMatching(/^https:\S+, fetched \S+Z$/) });
    const other = (await made.attest("key", "new", "other")).stdout;
    answers.set("/two.keys", [200, {}, `${line}\n${other}`]);
    expect((await add("/two.keys")).json()).toMatchObject({ error: { code: "key-format" }, exit: 2 });
  });
});
