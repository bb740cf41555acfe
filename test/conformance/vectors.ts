// The folder of vectors that ATTEST_VECTORS names.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const folder = process.env["ATTEST_VECTORS"];
if (folder === undefined || folder === "") {
  throw new Error(
    "ATTEST_VECTORS is not set: give it a folder with jcs/{input,output,outhex} (cyberphone/json-canonicalization, testdata/) " +
      "and wycheproof/ed25519_test.json (C2SP/wycheproof, testvectors_v1/); it may also have speccheck/cases.json " +
      "(novifinancial/ed25519-speccheck), cctv/ed25519vectors.json (C2SP/CCTV, ed25519/) and tessera-log/ " +
      "(transparency-dev/tessera, testdata/log/)",
  );
}

export const vector = (...path: string[]): Buffer => readFileSync(join(folder, ...path));
export const vectorNames = (...path: string[]): string[] => readdirSync(join(folder, ...path)).sort();
