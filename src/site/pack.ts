/** A pack: the page of one attestation with everything that backs it inside, so that it stands alone when its registry has gone. */
import type { Engine } from "../core/engine.js";
import { notAPack, type Pack } from "../formats/pack.js";
import { stylesOf } from "../formats/page.js";
import type { DataOf } from "../formats/page-data.js";
import { packView } from "../view/pages.js";
import { assets } from "./build.js";
import { renderPage, type Assets } from "./document.js";

export type PackData = DataOf<"pack">;

/** Made of its data alone, and with the same bytes each time; nothing of the document stands outside of them. */
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
 * The page that its data gives is made again, and held against the file byte for byte: else eyes could be shown something else than tools.
 * What another version, or anybody else, wrote into its script and its style is theirs: then the rest is compared, and that much is said.
 * @throws AttestError `pack-format` where it is another page
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
