/** A pack: an attestation's page with everything that supports it, usable without its registry. */
import type { Engine } from "../core/engine.js";
import { notAPack, type Pack } from "../formats/pack.js";
import { stylesOf } from "../formats/page.js";
import type { DataOf } from "../formats/page-data.js";
import { packView } from "../view/pages.js";
import { assets } from "./assets.js";
import { renderPage, type Assets } from "./document.js";

export type PackData = DataOf<"pack">;

/** Depends on its data alone and is reproducible. */
export const packPage = (data: PackData, engine: Engine, parts: Assets = assets()): string =>
  renderPage(
    {
      title: data.documents[0].name.replace(/\.json$/, ""),
      description: "A signed attestation with its evidence and its verifier, in one file",
      data,
      main: packView(),
    },
    parts,
    engine,
  );

/**
 * Rebuilds the page from its data and compares it with the file byte for byte; otherwise people and tools could see different things.
 * Script and style of another version cannot be rebuilt: then the rest is compared, and the report says so.
 * @throws AttestError `pack-format` if the page differs
 */
export function comparePack(
  { page, data }: Pick<Pack, "page" | "data">,
  engine: Engine,
  parts: Assets = assets(),
): "same" | "another-script" {
  if (packPage(data, engine, parts) === page) return "same";
  const own = stylesOf(page);
  const foreign = own !== undefined && (own.style !== parts.style || own.script !== parts.script);
  if (foreign && packPage(data, engine, { ...own, logScript: "" }) === page) return "another-script";
  throw notAPack("the page that its data gives", "another one around it");
}
