// Preloaded with `node --import`: writes into LOADED which parts of Node this process loaded.
import { writeFileSync } from "node:fs";
import process, { env } from "node:process";

process.on("exit", () => writeFileSync(env["LOADED"] ?? "", JSON.stringify(Reflect.get(process, "moduleLoadList"))));
