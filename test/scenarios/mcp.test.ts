/** What the driver `claude-code` makes of a server that fails: fakes stand in for the vendor's program here, and nothing else does. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { openDriver } from "../../src/scenarios/task-aware-background/drivers/index.js";
import { McpServer } from "../../src/scenarios/task-aware-background/drivers/mcp.js";
import { outputOf, sandboxAbout } from "../../src/scenarios/task-aware-background/drivers/sandbox.js";
import { bubblewrapWorks, WITHOUT_BUBBLEWRAP } from "../bubblewrap.js";
import { sha256 } from "../cli/drafts.js";
import { naming } from "../core/refusal.js";

const temporary = mkdtempSync(join(tmpdir(), "attest-mcp-"));
const home = join(temporary, "home");
mkdirSync(home);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** Answers as a server should, until it is asked for a tool: then it does what its first argument says. */
const FAKE = join(temporary, "fake-server.mjs");
writeFileSync(
  FAKE,
  `// A fake of an MCP server, made by a test.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
const say = (value) => console.log(typeof value === "string" ? value : JSON.stringify(value));
const result = (id, text, isError) => say({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }], isError } });
const how = process.argv[2];
if (how === "dies at once") { console.error("no luck at all"); process.exit(4); }
const acts = {
  "answers": (id, params) => result(id, JSON.stringify({ env: process.env, params })),
  "notifies": (id) => { say({ jsonrpc: "2.0", method: "notifications/message", params: {} }); result(id, "{}"); },
  "dies": () => { console.error("out of luck"); process.exit(3); },
  "is killed": () => process.kill(process.pid, "SIGTERM"),
  "says junk": () => say("Segmentation fault"),
  "answers somebody else": () => say({ jsonrpc: "2.0", id: 999, result: {} }),
  "answers nothing": (id) => say({ jsonrpc: "2.0", id }),
  "refuses": (id) => say({ jsonrpc: "2.0", id, error: { code: -32603, message: "no such tool" } }),
  "fails": (id) => result(id, "Lock file is already being held", true),
  "answers without text": (id) => say({ jsonrpc: "2.0", id, result: { content: [] } }),
  "answers with prose": (id) => result(id, "done, I think"),
  "answers with null": (id) => result(id, "null"),
  "is silent": () => undefined,
  "leaves a child": (id) => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"], { stdio: "inherit" });
    result(id, JSON.stringify({ pid: child.pid }));
  },
  "does not end": (id) => { process.on("SIGTERM", () => 0); setInterval(() => 0, 1000); result(id, JSON.stringify({ pid: process.pid })); },
};
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") say({ jsonrpc: "2.0", id, result: { protocolVersion: params.protocolVersion } });
  if (method === "tools/call") acts[how](id, params);
});
`,
);

const start = async (how: string, signal = new AbortController().signal, deadlineMs?: number): Promise<McpServer> =>
  await McpServer.start([process.execPath, FAKE, how], { signal, ...(deadlineMs && { deadlineMs }) });
/** A zombie that nobody has collected yet has ended too. */
const lives = (pid: unknown): boolean => {
  const status = `/proc/${String(pid)}/status`;
  return existsSync(status) && !readFileSync(status, "utf8").includes("State:\tZ");
};

describe("a server", () => {
  test("is called by the tool's name, and told nothing of the environment but PATH", async () => {
    vi.stubEnv("A_SECRET", "not for it");
    const server = await start("answers");
    const answer = (await server.call("TaskGet", { taskId: "1" })) as { env: object; params: unknown };
    expect(answer.params).toEqual({ name: "TaskGet", arguments: { taskId: "1" } });
    expect(Object.keys(answer.env)).toEqual(["PATH"]);
    await server.close();
  });

  test("may say what it was not asked, as a notification", async () => {
    const server = await start("notifies");
    expect(await server.call("TaskGet", {})).toEqual({});
    await server.close();
  });

  /** After the first kind the server goes on to be asked; after the second it is not trusted any more, and has been ended. */
  test.each([
    ["fails", /^Lock file is already being held$/, true],
    ["refuses", /^the server refused TaskGet: "no such tool"$/, true],
    ["answers without text", /^TaskGet answered without a text: "\{\\"content\\":\[\]\}"$/, true],
    ["answers nothing", /^the server said what is no answer: /, false],
    ["answers with prose", /^TaskGet answered with no JSON object: "done, I think"$/, true],
    ["answers with null", /^TaskGet answered with no JSON object: "null"$/, true],
    ["says junk", /^the server said what is no answer: "Segmentation fault"$/, false],
    ["answers somebody else", /^the server said what is no answer: .*999/, false],
    ["dies", /^the server ended \(exit 3\): out of luck$/, false],
    ["is killed", /^the server ended \(SIGTERM\)$/, false],
    ["is silent", /^the server gave no answer to TaskGet within 1500 ms$/, false],
  ])("that %s", async (how, message, goesOn) => {
    const server = await start(how, undefined, 1500);
    await expect(server.call("TaskGet", {})).rejects.toThrow(message);
    if (!goesOn) await expect(server.call("TaskList", {})).rejects.toThrow(message);
    await server.close();
  });

  test("that dies at once, or is not there", async () => {
    await expect(start("dies at once")).rejects.toThrow(/^the server ended \(exit 4\): no luck at all$/);
    const absent = McpServer.start([join(temporary, "absent")], { signal: new AbortController().signal });
    await expect(absent).rejects.toThrow(/^the server could not be started: /);
  });

  test.each(["leaves a child", "does not end"])("that %s when it is closed", async (how) => {
    const server = await start(how);
    const { pid } = (await server.call("TaskGet", {})) as { pid: number };
    expect(lives(pid)).toBe(true);
    await server.close();
    await vi.waitFor(() => expect(lives(pid)).toBe(false));
  });

  test("is ended by an interrupt, at once", async () => {
    const interrupt = new AbortController();
    const server = await start("is silent", interrupt.signal);
    const waiting = server.call("TaskGet", {});
    interrupt.abort();
    await expect(waiting).rejects.toThrow("the run was interrupted");
    await server.close();
    await expect(start("answers", interrupt.signal)).rejects.toThrow();
  });
});

const works = bubblewrapWorks();
if (!works) console.warn(`Nothing was tried in a sandbox: ${WITHOUT_BUBBLEWRAP}`);

describe("no driver", () => {
  const program = (name: string, text: string, mode = 0o755): string => {
    const file = join(temporary, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  const missing = (found: RegExp, hint: string): unknown =>
    expect.objectContaining({
      code: "driver-missing",
      message: expect.stringMatching(found),
      hint: expect.stringContaining(hint),
    });

  test("of another name, and no program for the one that drives none", async () => {
    await expect(openDriver({ name: "other" })).rejects.toMatchObject({ code: "scenario-unknown" });
    await expect(openDriver({ name: "fs", path: "/bin/sh" })).rejects.toMatchObject({ code: "scenario-unknown" });
  });

  test("without a program: none at the path, a folder, a file that may not be run, none on PATH", async () => {
    const paths = [join(temporary, "absent"), temporary, program("plain", "", 0o644)];
    for (const path of paths) {
      const opened = openDriver({ name: "claude-code", path });
      await expect(opened).rejects.toEqual(missing(naming(JSON.stringify(path)), "--driver claude-code=PATH"));
    }
    vi.stubEnv("PATH", home);
    await expect(openDriver({ name: "claude-code" })).rejects.toEqual(
      missing(naming("claude", "PATH"), "--driver claude-code=PATH"),
    );
  });

  test("without a sandbox", async () => {
    const path = program("claude", "#!/bin/sh\ntouch ran\n");
    vi.stubEnv("PATH", temporary);
    await expect(openDriver({ name: "claude-code" })).rejects.toEqual(missing(/found no bwrap$/, "bubblewrap"));
    program(
      "bwrap",
      "#!/bin/sh\necho 'bubblewrap 0'; test \"$1\" = --version || { echo 'no namespaces' >&2; exit 1; }\n",
    );
    const opened = openDriver({ name: "claude-code", path });
    await expect(opened).rejects.toEqual(
      missing(/found bubblewrap 0, which does not work here: no namespaces$/, "--driver fs"),
    );
    rmSync(join(temporary, "bwrap"));
  });

  describe.skipIf(!works)(works ? "in a sandbox" : `in a sandbox, ${WITHOUT_BUBBLEWRAP}`, () => {
    test("that is one", async () => {
      expect(await sandboxAbout(home)).toMatch(/^bubblewrap \d.*: no network, no capabilities/);
    });

    test("for another program", async () => {
      const path = program("other", "#!/bin/sh\necho 2.1.330\n");
      const opened = openDriver({ name: "claude-code", path });
      await expect(opened).rejects.toEqual(missing(/says its version as Claude Code does, found "2.1.330"$/, "PATH"));
    });

    test("that is believed: an answer of another form is an error, and the digest is that of the program", async () => {
      const fake = `#!/bin/sh
# A fake of the vendor's program, made by a test.
test "$1" = --version && echo "0.0.0-fake (Claude Code)" && exit
n=0
while read -r line; do
  case $line in
    *notifications/initialized*) ;;
    *) n=$((n + 1)); echo '{"jsonrpc":"2.0","id":'$n',"result":{"content":[{"type":"text","text":"{\\"tas\\":1}"}]}}' ;;
  esac
done
`;
      const driver = await openDriver({ name: "claude-code", path: program("fake", fake) });
      expect(driver.descriptor).toMatchObject({
        uri: "pkg:npm/%40anthropic-ai/claude-code@0.0.0-fake",
        digest: { sha256: sha256(new TextEncoder().encode(fake)) },
      });
      expect(JSON.stringify(driver.descriptor)).not.toContain(temporary);
      const session = await driver.open(home, "list", new AbortController().signal);
      for (const [tool, call] of Object.entries({
        TaskCreate: () => session.create({ subject: "", description: "" }),
        TaskGet: () => session.get("1"),
        TaskList: () => session.list(),
        TaskUpdate: () => session.update("1", {}),
      }))
        await expect(call()).rejects.toThrow(`${tool} answered with another form than is known: {"tas":1}`);
      await session.close();
    });

    test("a program has no network, one folder to write to, none to spy on, and an environment of our making", async () => {
      const run = async (script: string): Promise<string[]> =>
        (await outputOf({ program: "/bin/sh", args: ["-c", script], home, env: { GIVEN: "1" } })).trim().split("\n");
      vi.stubEnv("A_SECRET", "not for it");
      expect((await run("env")).sort()).toEqual(["GIVEN=1", `HOME=${home}`, "PATH=/usr/bin:/bin", `PWD=${home}`]);
      expect((await run("tail -n +3 /proc/net/dev")).map((line) => line.trim().split(":")[0])).toEqual(["lo"]);
      expect(await run(`ls ${tmpdir()}/*`)).not.toContain("fake-server.mjs");
      expect(await run("touch here /etc/there 2>/dev/null; test -e here && test ! -e /etc/there && echo kept")).toEqual(
        ["kept"],
      );
      expect(readdirSync(home)).toContain("here");
    });
  });
});
