// The browsers that can be driven on this machine, each kept from reaching anything but loopback.
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, firefox, type Browser as Launched, type LaunchOptions } from "playwright-core";

export interface Browser {
  readonly name: string;
  readonly available: boolean;
  /** Why it is not available: what a test passes to `ctx.skip`. */
  readonly why?: string;
  launch(): Promise<Launched>;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = join(ROOT, "node_modules/@sparticuz/chromium/package.json");

// A page may also be served as http://attest.test:<port>, an origin that browsers do not call secure.
export const ARGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP attest.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
];

// Firefox has no resolver rules: what is not loopback goes to a proxy on the discard port, where nothing listens.
const PREFERENCES = {
  // Drivers start Firefox with this off, which makes file:// laxer than it is for any real reader.
  "security.fileuri.strict_origin_policy": true,
  "network.dns.localDomains": "attest.test",
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
  "network.proxy.no_proxies_on": "localhost, 127.0.0.1, [::1], attest.test",
};

/** Chromium is packed for one platform only. */
export const npmChromiumRuns = process.platform === "linux" && process.arch === "x64";

/** The path of the Chromium that npm brought, unpacked once into the project's cache. */
export async function npmChromium(): Promise<string> {
  const { version } = JSON.parse(await readFile(PACKAGE, "utf8")) as { version: string };
  const cache = join(ROOT, ".cache");
  const home = join(cache, `chromium-${version}`);
  if (!(await exists(home))) {
    await mkdir(cache, { recursive: true });
    const fresh = await mkdtemp(join(cache, "unpacking-"));
    await unpack(fresh);
    // Whoever comes second finds the place taken by the same files.
    await rename(fresh, home).catch(async (error: unknown) => {
      await rm(fresh, { recursive: true });
      if (!(await exists(home))) throw error;
    });
  }
  return join(home, "chromium");
}

/** How that Chromium is launched, here and by vitest: with the libraries and the font it brought, whatever the system has. */
export async function npmChromiumOptions(): Promise<LaunchOptions> {
  const executablePath = await npmChromium();
  const home = join(executablePath, "..");
  const libraries = [join(home, "al2023/lib"), process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  const fonts = { FONTCONFIG_FILE: join(home, "fonts/fonts.conf"), XDG_CACHE_HOME: home };
  // Never in process.env: the programs that tests start must not load Chromium's libraries.
  return {
    executablePath,
    headless: true,
    args: [...ARGS],
    env: { ...process.env, ...fonts, LD_LIBRARY_PATH: libraries },
  };
}

/** All that the tests know of, the absent ones with the reason. */
export async function browsers(): Promise<Browser[]> {
  return [
    {
      name: "chromium from npm",
      available: npmChromiumRuns,
      ...(npmChromiumRuns
        ? {}
        : { why: `@sparticuz/chromium has no build for ${process.platform} on ${process.arch}` }),
      launch: async () => chromium.launch(await npmChromiumOptions()),
    },
    await installed("chromium", "/usr/bin/chromium", (executablePath) =>
      chromium.launch({ executablePath, headless: true, args: [...ARGS] }),
    ),
    await installed("firefox", "/usr/bin/firefox-esr", (executablePath) =>
      firefox.launch({ channel: "moz-firefox", executablePath, headless: true, firefoxUserPrefs: PREFERENCES }),
    ),
  ];
}

async function installed(name: string, path: string, launch: (path: string) => Promise<Launched>): Promise<Browser> {
  const available = await exists(path);
  return { name, available, ...(available ? {} : { why: `${path} is not installed` }), launch: () => launch(path) };
}

// In a process of its own, because the package reads its environment at import and then changes it.
// It takes whatever `chromium` lies in TMPDIR for its own; it unpacks its libraries only where it believes to be in a Lambda.
async function unpack(into: string): Promise<void> {
  const script = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
  const env = { ...process.env, TMPDIR: into, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: ROOT, env });
  // The packed one names /tmp/fonts.
  const fonts = `<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n`;
  await writeFile(join(into, "fonts/fonts.conf"), fonts);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
