/** `attest site`: the static pages of a registry. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { AttestError } from "../core/errors.js";
import { buildSite } from "../site/build.js";
import { serveSite } from "../site/serve.js";
import { fileAt, isBucketAddress } from "../store/open.js";
import { engine, openRegistry, registryFolder, openPlace } from "./context.js";
import { exitWith } from "./io.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options {
  readonly registry?: string;
  readonly output?: string;
  readonly port?: number;
  readonly host?: string;
  readonly allowHost?: readonly string[];
  readonly cors?: boolean;
  readonly json?: true;
}

export function site(attest: Command): void {
  const verb = attest.command("site").description("build the static pages of a registry, or look at them");
  withExamples(verb, "attest site build --registry demo", "attest site serve --registry demo");

  const build = verb
    .command("build")
    .description(
      "write a page for each attestation, an index and the verifier; the result can be put on any static host",
    )
    .option("--registry <dir>", "the registry (the nearest one by default)")
    .option("--output <dir>", "where to write the site (the folder site in the registry)");
  withExamples(
    withJson(build),
    "attest site build --registry demo",
    "attest site build --registry demo --output public",
  ).action(async (options: Options) => {
    const folder = registryFolder(options.registry);
    const output = options.output ?? siteIn(folder);
    const registry = await openRegistry(folder);
    const { pages, refused, warnings } = await buildSite(registry, await openPlace(output), engine, new Date());
    if (refused.length > 0) exitWith(1);
    if (options.json) return answerJson({ site: output, pages, refused, warnings });
    answer(fileAt(output, "index.html"));
    talk(
      `${pages.length} pages`,
      ...refused.map((name) => `does not verify, or its evidence was changed: ${name}`),
      ...warnings,
    );
  });

  const serve = verb
    .command("serve")
    .description("serve a built site on this machine until Ctrl-C")
    .option("--registry <dir>", "the registry whose folder site is served (the nearest one by default)")
    .option("--output <dir>", "the folder of the site, if it is not in the registry")
    .option("--port <n>", "the port; 0 selects a free one", portOf, 8080)
    .option("--host <address>", "the address to listen on", "127.0.0.1")
    .option("--allow-host <name>", "a further accepted host name; may be given again", collect)
    .option("--cors", "allow pages of other sites to read it");
  withExamples(serve, "attest site serve --registry demo", "attest site serve --registry demo --port 0").action(
    async ({ registry, output, port = 0, host = "", allowHost = [], cors = false }: Options) => {
      const folder = output ?? siteIn(registryFolder(registry));
      const store = await openPlace(folder);
      if ((await store.read("index.html")) === undefined)
        throw new AttestError("file-missing", `no site in ${folder}`, "build it with: attest site build");
      const server = await serveSite(store, { host, port, names: allowHost, cors }).catch((error: unknown) => {
        throw new AttestError(
          "io",
          `could not listen on ${host}:${port}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
          "take another port with --port N, or --port 0 for a free one",
        );
      });
      const { port: taken } = server.address() as AddressInfo;
      answer(`http://${host.includes(":") ? `[${host}]` : host}:${taken}/`);
      talk("Ctrl-C ends it");
      const end = (): void => {
        server.close();
        server.closeAllConnections();
      };
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
      await once(server, "close");
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, end);
    },
  );
}

/** Pages in a registry's bucket would be served to everybody at once, so they go there only if asked. */
function siteIn(folder: string): string {
  if (!isBucketAddress(folder)) return join(folder, "site");
  throw new AttestError("usage", `the registry ${folder} is a bucket`, "name the folder of its pages: --output DIR");
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError("It takes a number from 0 to 65535.");
}
