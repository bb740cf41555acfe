/** Two gigabytes, and the memory stays as it is. */
import { expect, test } from "vitest";
import { checked, MOST, printerProject } from "../cli/big-output.js";

test("2 GB on one stream", async () => {
  const peak = await checked(await printerProject(), 2048, "stdout");
  console.info(`peak: ${peak === undefined ? "not shown by this system" : `${Math.round(peak / 2 ** 20)} MiB`}`);
  if (peak !== undefined) expect(peak).toBeLessThan(MOST);
});
