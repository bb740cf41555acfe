/** A registry in a bucket, on a real S3 server. */
import { afterAll, beforeAll, describe } from "vitest";
import { missingForRgw, startRgw, type Rgw } from "../store/bucket/rgw.js";
import { livesInABucket } from "./bucket-life.js";

const missing = missingForRgw();

describe.skipIf(missing !== undefined)(`on Ceph's gateway${missing === undefined ? "" : ` (${missing})`}`, () => {
  let server: Rgw | undefined;
  beforeAll(async () => {
    server = await startRgw();
    await server.makeBucket("labs");
  });
  afterAll(() => server?.stop());

  livesInABucket("labs", () => server?.environment ?? {});
});
