/**
 * A real S3 server: Ceph's RADOS Gateway with all that it needs, in memory, on free ports of loopback, as the user ceph and in a folder of its
 * own. Needs root, and Debian's radosgw, ceph-mon, ceph-osd, ceph-mgr and ceph-common. It is up in about fifteen seconds.
 */
import { AwsV4Signer } from "aws4fetch";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAMS = [
  "radosgw",
  "radosgw-admin",
  "ceph-mon",
  "ceph-osd",
  "ceph-mgr",
  "ceph",
  "ceph-authtool",
  "monmaptool",
];

/** Why it cannot be started here; undefined if it can. */
export function missingForRgw(): string | undefined {
  const missing = PROGRAMS.filter((name) => !existsSync(`/usr/bin/${name}`));
  if (missing.length > 0) return `${missing.join(", ")} not installed`;
  return process.getuid?.() === 0 ? undefined : "only root can start programs as ceph";
}

export interface Rgw {
  readonly environment: Readonly<Record<string, string>>;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

const ACCESS_KEY = "AKATTEST";
const SECRET = "secretattest";

export async function startRgw(): Promise<Rgw> {
  const folder = mkdtempSync("/tmp/attest-rgw-"); // short: sockets lie in it
  const [uid, gid] = ["-u", "-g"].map((what) => Number(execFileSync("id", [what, "ceph"], { encoding: "utf8" })));
  const owner = { uid: uid ?? 0, gid: gid ?? 0 };
  if (owner.uid === 0) throw new Error("there is no user ceph");
  chownSync(folder, owner.uid, owner.gid);
  for (const name of ["mon", "osd", "mgr", "run", "log"]) {
    mkdirSync(join(folder, name));
    chownSync(join(folder, name), owner.uid, owner.gid);
  }
  const [v2 = 0, v1 = 0, http = 0] = await freePorts(3);
  const fsid = randomUUID();
  writeFileSync(join(folder, "ceph.conf"), settings(folder, fsid, v2, v1));
  const options = {
    ...owner,
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", HOME: folder, CEPH_CONF: join(folder, "ceph.conf") },
  };
  const call = (name: string, ...args: string[]): string =>
    execFileSync(name, args, { ...options, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 });

  const daemons: ChildProcess[] = [];
  const begin = (name: string, ...args: string[]): unknown =>
    daemons.push(spawn(name, ["-f", ...args], { ...options, stdio: "ignore" }));
  const endAll = (): void => daemons.forEach((one) => one.kill("SIGKILL"));
  process.once("exit", endAll);
  const stop = async (): Promise<void> => {
    process.off("exit", endAll);
    const ended = daemons
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((one) => new Promise((resolve) => one.once("exit", resolve)));
    endAll(); // all of it is in memory
    await Promise.all(ended);
    rmSync(folder, { recursive: true, force: true });
  };

  const all = ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"];
  const profile = (name: string): string[] => ["--cap", "mon", `allow profile ${name}`, "--cap", "osd", "allow *"];
  const key = (...args: string[]): string => call("ceph-authtool", "keyring", "--gen-key", "-n", ...args);
  try {
    call("ceph-authtool", "--create-keyring", "keyring", "--gen-key", "-n", "mon.", "--cap", "mon", "allow *");
    key("client.admin", ...all);
    key("client.rgw", ...all);
    key("mgr.x", ...profile("mgr"), "--cap", "mds", "allow *");
    key("osd.0", ...profile("osd"), "--cap", "mgr", "allow profile osd");
    call("monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", hosts(v2, v1), "monmap");
    call("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring");
    begin("ceph-mon", "-i", "a");
    begin("ceph-mgr", "-i", "x");
    const disk = randomUUID();
    call("ceph", "osd", "new", disk);
    call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk);
    begin("ceph-osd", "-i", "0");
    begin("radosgw", "-n", "client.rgw", "--rgw-frontends", `beast endpoint=127.0.0.1:${http}`);
    await answers(`http://127.0.0.1:${http}/`, daemons);
    const user = ["--uid=attest", "--display-name=attest", `--access-key=${ACCESS_KEY}`, `--secret-key=${SECRET}`];
    call("radosgw-admin", "-n", "client.rgw", "user", "create", ...user);
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${http}`;
  return {
    environment: { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: ACCESS_KEY, AWS_SECRET_ACCESS_KEY: SECRET },
    makeBucket: async (name) => {
      const { url, headers } = await new AwsV4Signer({
        method: "PUT",
        url: `${endpoint}/${name}`,
        accessKeyId: ACCESS_KEY,
        secretAccessKey: SECRET,
        service: "s3",
        region: "us-east-1",
      }).sign();
      const { status } = await fetch(url, { method: "PUT", headers });
      if (status !== 200) throw new Error(`the bucket was not made: status ${status}`);
    },
    stop,
  };
}

async function answers(address: string, daemons: readonly ChildProcess[]): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    if (daemons.some(({ exitCode }) => exitCode !== null)) throw new Error("a part of the S3 server ended");
    if (
      await fetch(address).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(250);
  }
  throw new Error("the S3 server does not answer");
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

const hosts = (v2: number, v1: number): string => `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;

/** cephx stays on: radosgw does not start without it. */
const settings = (folder: string, fsid: string, v2: number, v1: number): string => `[global]
fsid = ${fsid}
keyring = ${folder}/keyring
mon host = ${hosts(v2, v1)}
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
mon data = ${folder}/mon
osd data = ${folder}/osd
mgr data = ${folder}/mgr
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
log file = ${folder}/log/$name.log
public addr = 127.0.0.1
cluster addr = 127.0.0.1
`;
