/** A page on loopback, where browsers have WebCrypto, with nothing on it but `judge` of page.ts. */
import { build } from "esbuild";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export interface Page {
  readonly url: string;
  close(): void;
}

export async function servePage(): Promise<Page> {
  const entry = fileURLToPath(new URL("page.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife" });
  const page = `<!doctype html><title>judge</title><script>${outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`;
  const server = createServer((_, response) => void response.setHeader("content-type", "text/html").end(page));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}
