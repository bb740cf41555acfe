/** A PostgreSQL server of the tests' own, in a folder that goes with it: started and ended by its number, on a port of loopback. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** The folder with initdb and postgres; undefined where they are not installed. */
function binaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  return [...(process.env["PATH"] ?? "").split(delimiter), ...versions].find((folder) =>
    ["initdb", "postgres"].every((name) => existsSync(join(folder, name))),
  );
}

/** The server refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return {} as { uid: number; gid: number };
  for (const user of ["postgres", "nobody"])
    try {
      const id = (what: string): number => Number(execFileSync("id", [what, user], { encoding: "utf8" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // no such user
    }
  return undefined;
}

const bin = binaries();
const user = unprivileged();

/** Why there is no server here; told once for each file of tests. */
export const NO_POSTGRES: string | undefined =
  bin === undefined
    ? "PostgreSQL (initdb, postgres) is not installed"
    : user === undefined
      ? "there is no unprivileged user to run PostgreSQL as"
      : undefined;
if (NO_POSTGRES !== undefined) console.warn(`SKIPPED: all tests of the queue in this file: ${NO_POSTGRES}`);

export class Postgres {
  readonly port: number;
  readonly #folder: string;
  #server: ChildProcess;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
    this.#server = this.#start();
  }

  static async start(): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), "attest-postgres-"));
    if (user?.uid !== undefined) chownSync(folder, user.uid, user.gid);
    const options = ["-D", join(folder, "data"), "-U", "owner", "--auth=trust", "--no-sync", "-E", "UTF8"];
    execFileSync(join(bin ?? "", "initdb"), options, { ...user, cwd: folder, stdio: "ignore", env: { LC_ALL: "C" } });
    const started = new Postgres(folder, await freePort());
    await started.ready();
    return started;
  }

  #start(): ChildProcess {
    const settings = {
      listen_addresses: "127.0.0.1",
      port: this.port,
      unix_socket_directories: "",
      fsync: "off",
      max_connections: 60,
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    return spawn(join(bin ?? "", "postgres"), ["-D", join(this.#folder, "data"), ...options], {
      ...user,
      cwd: this.#folder,
      env: { LC_ALL: "C" },
      stdio: "ignore",
    });
  }

  /** Resolves when it answers. */
  async ready(): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const client = new pg.Client({ connectionString: this.address("postgres") });
      client.on("error", () => undefined);
      const answers = await client.connect().then(
        () => true,
        () => false,
      );
      if (answers) return void (await client.end());
      if (this.#server.exitCode !== null) throw new Error(`PostgreSQL ended with ${this.#server.exitCode}`);
      await sleep(50);
    }
    throw new Error("PostgreSQL does not answer");
  }

  address(database: string, user = "owner", port = this.port): string {
    return `postgres://${user}@127.0.0.1:${port}/${database}`;
  }

  /** A database of that name, and its address. */
  async database(name: string): Promise<string> {
    await this.sql("postgres", `CREATE DATABASE ${name}`);
    return this.address(name);
  }

  async sql(database: string, text: string, user = "owner"): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.address(database, user) });
    await client.connect();
    try {
      const answer = await client.query(text);
      return (Array.isArray(answer) ? answer.at(-1) : answer)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Ends all sessions, as an administrator does. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    const over = new Promise((resolve) => server.once("exit", resolve));
    if (server.exitCode !== null) return;
    server.kill("SIGINT");
    await over;
  }

  async restart(): Promise<void> {
    await this.stopServer();
    this.#server = this.#start();
    await this.ready();
  }

  async end(): Promise<void> {
    await this.stopServer();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Stands between a worker and the database, and lets through what it is told to. */
export class Proxy {
  #open = true;
  readonly #sockets = new Set<ReturnType<typeof connect>>();
  readonly #server;
  readonly #to: number;

  constructor(to: number) {
    this.#to = to;
    this.#server = createServer((near) => {
      if (!this.#open) return void near.destroy();
      const far = connect(this.#to, "127.0.0.1");
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one
          .on("error", () => undefined)
          .once("close", () => {
            this.#sockets.delete(one);
            other.destroy();
          });
        one.on("data", (bytes) => void (this.#open && other.write(bytes))); // a cut line says nothing
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing comes through any more, and nobody is told. */
  cut(): void {
    this.#open = false;
  }

  mend(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#open = true;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
