/** The controls of a page: a place to drop a file, a field for a key, and a way to see a forgery refused. */
import { utf8, type Bytes } from "../src/core/bytes.js";
import { AttestError } from "../src/core/errors.js";
import { MAX_BYTES } from "../src/core/json.js";
import { printable } from "../src/view/printable.js";

function element<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Partial<HTMLElementTagNameMap[K]>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Runs what the reader asked for, and says in words how it went. */
async function say(said: HTMLElement, act: () => Promise<string>): Promise<void> {
  try {
    said.textContent = printable(await act());
    said.classList.remove("wrong");
  } catch (error) {
    said.textContent = printable(error instanceof AttestError ? `${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}` : String(error));
    said.classList.add("wrong");
  }
}

export function dropZone(first: boolean, take: (name: string, bytes: Bytes) => Promise<string>): HTMLElement {
  const said = element("p", { className: "said" });
  said.setAttribute("role", "status");
  const input = element("input", { type: "file", id: "file" });
  const label = element("label", { htmlFor: "file" }, first ? "Choose a file, or drop it here: an attestation (test_….json), a public key or a keyring" : "Check another file, or drop a public key here");
  const zone = element("div", { className: "drop" }, label, element("p", {}, input), said);
  const open = (files: FileList | null): void => {
    const file = files?.[0];
    if (file === undefined) return;
    void say(said, async () => {
      if (file.size > MAX_BYTES) throw new AttestError("too-large", `expected at most ${MAX_BYTES} bytes, found ${file.size}`);
      return await take(file.name, new Uint8Array(await file.arrayBuffer()));
    });
  };
  input.addEventListener("change", () => open(input.files));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    open(event.dataTransfer?.files ?? null);
  });
  return zone;
}

export function keyField(signer: string | undefined, take: (text: string) => Promise<string>): HTMLElement {
  const said = element("p", { className: "said" });
  said.setAttribute("role", "status");
  const input = element("input", { type: "text", id: "key", placeholder: "ssh-ed25519 AAAA… or SHA256:…", autocomplete: "off", spellcheck: false });
  const form = element("form", { className: "field" }, input, element("button", { type: "submit" }, "Compare"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void say(said, () => take(input.value));
  });
  const label = element("label", { htmlFor: "key" }, "Paste the signer's public key or fingerprint, from a source other than this site: their profile, an e-mail, a repository. It is compared by machine and forgotten when you leave.");
  const made = signer === undefined ? [] : [element("p", {}, "This signature was made with ", element("code", {}, printable(signer)))];
  return element("fieldset", {}, element("legend", {}, "Do you know the signer's key?"), ...made, element("p", {}, label), form, said);
}

interface Given {
  readonly name: string;
  readonly bytes: Bytes;
}

/** One letter of the signed text changed, and back: what it looks like when a document was forged. */
export function tamperField(given: Given, show: (given: Given) => void): HTMLElement {
  const original = forgedFrom.get(given);
  const button = element("button", { type: "button", className: "quiet" }, original === undefined ? "Change one letter and check again" : "Put the letter back");
  button.addEventListener("click", () => show(original ?? forged(given)));
  return element("fieldset", {}, element("legend", {}, "See a forgery refused"), element("p", {}, "Changes one letter of the signed text, in this page's memory, and runs the same check."), button);
}

const forgedFrom = new WeakMap<Given, Given>();

function forged(given: Given): Given {
  const text = new TextDecoder().decode(given.bytes);
  const at = text.search(/[A-Za-z](?=[a-z ]*"[,}\]\s])/);
  const letter = text.charAt(at) === "x" ? "y" : "x";
  const made = { name: given.name, bytes: utf8(text.slice(0, at) + letter + text.slice(at + 1)) };
  forgedFrom.set(made, given);
  return made;
}
