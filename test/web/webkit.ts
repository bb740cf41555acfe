/** WebKitGTK through its own driver, in a window on a display of its own: plain W3C WebDriver over http on loopback. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [DRIVER, DISPLAY] = ["/usr/bin/WebKitWebDriver", "/usr/bin/Xvfb"];
const BROWSER = [
  `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/webkit2gtk-`,
  "/MiniBrowser",
] as const;
const binary = ["4.1", "4.0"].map((version) => BROWSER.join(version)).find(existsSync);
const missing =
  [DRIVER, DISPLAY].find((path) => !existsSync(path)) ?? (binary === undefined ? "MiniBrowser" : undefined);

export const webkit = {
  available: missing === undefined,
  why: missing === undefined ? "" : `${missing} is not installed`,
};
if (missing !== undefined) console.warn(`${missing} is not installed: nothing is tried in WebKit`);

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** WebDriver's name for the member that holds an element's id. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export class WebKit {
  readonly #programs: readonly ChildProcess[];
  readonly #home: string;
  readonly #session: string;

  private constructor(programs: readonly ChildProcess[], home: string, session: string) {
    this.#programs = programs;
    this.#home = home;
    this.#session = session;
  }

  static async open(): Promise<WebKit> {
    const home = mkdtempSync(join(tmpdir(), "f3-attest-webkit-"));
    const display = spawn(DISPLAY, ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const number = await new Promise<string>((resolve, reject) => {
      display.once("exit", (code) => reject(new Error(`Xvfb ended with ${code ?? "a signal"}`)));
      display.stdio[3]?.once("data", (said: Buffer) => resolve(said.toString().trim()));
    });
    const port = await freePort();
    // Anything more in its environment, and it may hang.
    const env = { PATH: process.env["PATH"], DISPLAY: `:${number}`, HOME: home };
    const driver = spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" });
    const address = `http://127.0.0.1:${port}/session`;
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] } } };
    for (let attempts = 1; ; attempts += 1) {
      try {
        const { sessionId } = (await post(address, { capabilities })) as { sessionId: string };
        return new WebKit([driver, display], home, `${address}/${sessionId}`);
      } catch (error) {
        if (attempts === 100 || !(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50)); // it does not listen yet
      }
    }
  }

  goto(url: string): Promise<unknown> {
    return post(`${this.#session}/url`, { url });
  }

  /** The body of a function whose last argument is called with the result. */
  async evaluate(script: string, ...args: readonly unknown[]): Promise<unknown> {
    await post(`${this.#session}/timeouts`, { script: 120_000 });
    return post(`${this.#session}/execute/async`, { script, args });
  }

  async type(selector: string, text: string): Promise<unknown> {
    const element = `${this.#session}/element/${await this.#find(selector)}`;
    return post(`${element}/value`, { text });
  }

  async click(selector: string): Promise<unknown> {
    return post(`${this.#session}/element/${await this.#find(selector)}/click`, {});
  }

  async #find(selector: string): Promise<string> {
    const found = await post(`${this.#session}/element`, { using: "css selector", value: selector });
    return (found as Record<string, string>)[ELEMENT] ?? "";
  }

  async close(): Promise<void> {
    await fetch(this.#session, { method: "DELETE" }).catch(() => undefined);
    for (const program of this.#programs) {
      const ended = new Promise((resolve) => program.once("exit", resolve));
      program.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

async function post(address: string, body: unknown): Promise<unknown> {
  const response = await fetch(address, { method: "POST", body: JSON.stringify(body) });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
  if (!response.ok) throw new Error(`WebKit: ${value?.error ?? ""} ${value?.message ?? ""}`);
  return value;
}
