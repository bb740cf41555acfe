/** A registry that is read at its address. */
import type { Bytes } from "../core/bytes.js";
import type { FileDigest } from "../node/reading.js";
import { digestAt, fetchBytes } from "./http.js";
import { ATTESTATIONS } from "./paths.js";
import type { Source } from "./source.js";

export class HttpSource implements Source {
  readonly place: string;
  readonly remote = true;
  readonly #base: URL;

  /** @param address the one below which `attest.json` lies, with or without `/index.html` */
  constructor(address: URL) {
    this.#base = new URL(address);
    this.#base.pathname = address.pathname.replace(/\/(?:index\.html)?$/, "");
    this.#base.search = this.#base.hash = "";
    this.place = this.#base.origin + this.#base.pathname.replace(/\/$/, "");
  }

  read(path: string, limit?: number): Promise<Bytes | undefined> {
    return fetchBytes(this.#at(path), limit);
  }

  digest(path: string): Promise<FileDigest | undefined> {
    return digestAt(this.#at(path));
  }

  #at(path: string): URL {
    if (/(?:^|\/)(?:\.|%2e){2}(?:\/|$)/i.test(path))
      throw new Error(`a path must stay below the address, found ${path}`);
    const at = new URL(this.#base);
    at.pathname = `${this.#base.pathname.replace(/\/$/, "")}/${path}`; // set, not resolved: a path that begins with // names another host
    return at;
  }
}

/** The address of the registry that has this file: the part before the last `/attestations/`. Undefined if it is in none. */
export function baseOf(file: URL): URL | undefined {
  const at = file.pathname.lastIndexOf(`/${ATTESTATIONS}/`);
  if (at < 0) return undefined;
  const base = new URL(file);
  base.pathname = file.pathname.slice(0, at);
  base.search = base.hash = "";
  return base;
}
