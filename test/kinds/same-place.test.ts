/** A key that the place of a document serves is that place's word, however the place is spelled, and where it keeps back what it is called. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attest, copyFolder, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { serve, withoutOpenssl, type Answer, type Https } from "../cli/https.js";

const missing = withoutOpenssl();
if (missing !== undefined) console.warn(`whether two things come from the same place is not tested: ${missing}`);

describe.skipIf(missing !== undefined)(
  `a key from the same place${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    let work: Workspace;
    let host: Https;
    let file: string;
    const answers = new Map<string, Answer>();
    beforeAll(async () => {
      work = workspace();
      ({ file } = await lab(work)); // calls itself example.org/lab
      host = await serve(work.root, (path) => answers.get(path) ?? [404, {}]);
      answers.set("/one.keys", [200, {}, (await work.attest("key", "show")).stdout]);
      for (const [folder, about] of [
        ["elsewhere", readFileSync(work.path("lab/attest.json"), "utf8")],
        ["here", readFileSync(work.path("lab/attest.json"), "utf8").replace("example.org/lab", "localhost/lab")],
        ["untold", undefined],
        ["untellable", "{"],
      ] as const) {
        if (about !== undefined) answers.set(`/${folder}/attest.json`, [200, {}, about]);
        answers.set(`/${folder}/keys/keyring.json`, [200, {}, readFileSync(work.path("lab/keys/keyring.json"))]);
        answers.set(`/${folder}/attestations/${basename(file)}`, [200, {}, readFileSync(file)]);
      }
      answers.set(`/alone/${basename(file)}`, [200, {}, readFileSync(file)]);
      answers.set("/refusing/attest.json", [500, {}]);
      answers.set(`/refusing/attestations/${basename(file)}`, [200, {}, readFileSync(file)]);
      // A resolver that takes the last dot off, as every DNS does.
      writeFileSync(
        work.path("dns.cjs"),
        'const dns=require("dns"),l=dns.lookup;dns.lookup=(h,...a)=>l(h.replace(/\\.$/,""),...a);\n',
      );
    });
    afterAll(() => host.server.close());

    const verify = (target: string, name: string, ...more: readonly string[]): Promise<Ran> => {
      const { cwd, env } = stranger(work);
      const options = `--require ${work.path("dns.cjs")}`;
      const key = `https://${name}:${host.port}/one.keys`;
      return attest(["verify", target, "--key", key, ...more], {
        cwd,
        env: { ...env, ...host.env, NODE_OPTIONS: options },
      });
    };
    const at = (name: string, folder: string): string =>
      `https://${name}:${host.port}/${folder}/attestations/${basename(file)}`;

    test("from another host than the registry, which says what it is called: yours", async () => {
      expect((await verify(at("127.0.0.1", "elsewhere"), "localhost")).code).toBe(4); // its log is not served there
      expect((await verify(file, "localhost")).code).toBe(0);
    });
    test.each([
      ["of the address", "localhost", "elsewhere", "localhost"],
      ["in capitals", "LOCALHOST", "elsewhere", "localhost"],
      ["that attest.json names", "127.0.0.1", "here", "localhost"],
      ["of a registry that keeps its name back", "127.0.0.1", "untold", "localhost"],
      ["of one whose name nobody can read", "127.0.0.1", "untellable", "localhost"],
      ["of one that does not answer for its name", "127.0.0.1", "refusing", "localhost"],
      ["as a number", "0x7f.1", "elsewhere", "127.0.0.1"],
    ])("from the host %s: only known from this site", async (_, name, folder, keyHost) => {
      const ran = await verify(at(name, folder), keyHost);
      expect(ran.code, ran.stdout + ran.stderr).toBe(3);
      expect(ran.stdout).toContain("only known from this site");
    });
    test("with a dot at the end: the same host", async () => {
      const plain = createServer((request, response) => {
        const [status, , body = ""] = answers.get(request.url ?? "") ?? [404, {}];
        response.writeHead(status).end(body);
      });
      await new Promise<void>((done) => plain.listen(0, "127.0.0.1", done));
      const { port } = plain.address() as AddressInfo;
      const ran = await verify(`http://localhost.:${port}/elsewhere/attestations/${basename(file)}`, "localhost");
      plain.close();
      expect(ran.code, ran.stdout + ran.stderr).toBe(3);
    });
    describe("a document is of the host that its log names, whatever lies around it is called", () => {
      let own: Workspace;
      let name = "";
      beforeAll(async () => {
        own = workspace();
        await own.attest("init", "lab", "--origin", "localhost/lab");
        own.write("a.txt", "1");
        const ran = await own.attest("run", "--registry", "lab", "--subject", "a.txt", "--json", "--", "true");
        const path = (ran.json() as { path: string }).path;
        name = basename(path);
        own.write("own.pub", (await own.attest("key", "show", "signer")).stdout);
        answers.set("/own.keys", [200, {}, readFileSync(own.path("own.pub"))]);
        own.write("alone.json", readFileSync(own.path(path)));
        copyFolder(own.path("lab"), own.path("copy"));
        const about = JSON.parse(readFileSync(own.path("lab/attest.json"), "utf8")) as object;
        own.write("copy/attest.json", JSON.stringify({ ...about, origin: "elsewhere.example/lab" }));
        for (const [folder, made] of [
          ["lab", "honest"],
          ["copy", "renamed"],
        ] as const) {
          const words = ["evidence", "pack", `${folder}/attestations/${name}`, "--output", `${made}.html`];
          expect((await own.attest(...words, "--key", "own.pub")).code, folder).toBe(0);
        }
        for (const file of ["attest.json", "keys/keyring.json", `attestations/${name}`])
          answers.set(`/renamed/${file}`, [200, {}, readFileSync(own.path("copy", file))]);
      });
      const by = (key: string, ...words: readonly string[]) => {
        const { cwd, env } = stranger(own);
        return attest([...words, "--key", `https://${key}:${host.port}/own.keys`], {
          cwd,
          env: { ...env, ...host.env },
        });
      };
      test.each([
        ["alone", () => "alone.json"],
        ["in a copy of its registry with another name", () => `copy/attestations/${name}`],
        ["in a pack of its registry", () => "honest.html"],
        ["in a pack that calls its registry something else", () => "renamed.html"],
      ])("%s", async (_, target) => {
        expect((await by("127.0.0.1", "verify", target())).code).toBe(0);
        expect((await by("localhost", "verify", target())).code).toBe(3);
      });
      test("among the others of a folder, and at another host's address", async () => {
        expect((await by("localhost", "verify", "copy")).code).toBe(3);
        const served = `https://127.0.0.1:${host.port}/renamed/attestations/${name}`;
        expect((await by("localhost", "verify", served)).code).toBe(3);
      });
      test("sent to a registry that does not know its key: not added", async () => {
        const keeper = workspace();
        await keeper.attest("init", "theirs", "--origin", "example.org/theirs");
        const add = (key: string) => {
          const words = ["add", own.path("alone.json"), "--registry", "theirs", "--json"];
          const given = ["--key", `https://${key}:${host.port}/own.keys`, "--evidence", own.path("lab/evidence")];
          return attest([...words, ...given], { cwd: keeper.cwd, env: { ...keeper.env, ...host.env } });
        };
        expect((await add("localhost")).json()).toMatchObject({ error: { code: "key-unknown" } });
        expect((await add("127.0.0.1")).json()).not.toMatchObject({ error: { code: "key-unknown" } });
      });
    });
    test("a pin for one registry counts there under every spelling", async () => {
      const line = (await work.attest("key", "show")).stdout.trim();
      const { cwd, env } = stranger(work);
      const as = (...words: readonly string[]) => attest(words, { cwd, env: { ...env, ...host.env } });
      for (const [name, origin] of [
        ["upper", "example.org:443/lab"],
        ["dot", "example.org./lab"],
      ] as const) {
        expect((await as("trust", "add", name, line, "--origin", origin)).code).toBe(0);
        expect((await as("verify", file)).code, origin).toBe(0);
        expect((await as("verify", at("127.0.0.1", "elsewhere"))).stdout, origin).toContain("confirmed by you");
        await as("trust", "remove", name);
      }
      expect((await as("trust", "add", "other", line, "--origin", "example.org:8443/lab")).code).toBe(0);
      expect((await as("verify", file)).code).toBe(3);
    });
  },
);
