/** Whether this machine allows a sandbox, asked of bubblewrap and of nothing of ours: a fault of ours must not skip the tests that would find it. */
import { spawnSync } from "node:child_process";

export const bubblewrapWorks = (uid?: number): boolean =>
  spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--unshare-user", "true"], {
    stdio: "ignore",
    ...(uid !== undefined && { uid, gid: uid }),
  }).status === 0;

export const WITHOUT_BUBBLEWRAP = "NOT CHECKED: bubblewrap does not work here";
