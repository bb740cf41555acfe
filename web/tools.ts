/** The page's controls: a drop zone, a key field, and a demonstration of a refused forgery. */
import { utf8, type Bytes } from "../src/core/bytes.js";
import { AttestError } from "../src/core/errors.js";
import { MAX_BYTES } from "../src/core/json.js";
import type { TrustedKey } from "../src/core/verify/signatures.js";
import { printable } from "../src/view/printable.js";

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export const sayer = (id: string): HTMLElement => {
  const said = element("div", { className: "said", id });
  said.setAttribute("role", "status");
  return said;
};

/** Runs the reader's action and reports the result in words. The controls may have been redrawn meanwhile. */
export async function say(id: string, act: () => Promise<string | HTMLElement>): Promise<void> {
  const told = (answer: string | HTMLElement, wrong: boolean): void => {
    const said = document.getElementById(id);
    if (said === null) return;
    said.replaceChildren(typeof answer === "string" ? printable(answer) : answer);
    said.classList.toggle("wrong", wrong);
  };
  try {
    told(await act(), false);
  } catch (error) {
    told(
      error instanceof AttestError
        ? `${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`
        : String(error),
      true,
    );
  }
}

export function dropZone(
  first: boolean,
  take: (name: string, bytes: Bytes) => Promise<string | HTMLElement>,
): HTMLElement {
  const input = element("input", { type: "file", id: "file" });
  const label = element(
    "label",
    { htmlFor: "file" },
    first
      ? "Choose a file, or drop it here: an attestation (test_….json), a public key or a keyring"
      : "Check another file, or drop a public key here",
  );
  const zone = element("div", { className: "drop" }, label, element("p", {}, input), sayer("file-said"));
  const open = (files: FileList | null): void => {
    const file = files?.[0];
    if (file === undefined) return;
    void say("file-said", async () => {
      if (file.size > MAX_BYTES)
        throw new AttestError("too-large", `expected at most ${MAX_BYTES} bytes, found ${file.size}`);
      return await take(file.name, new Uint8Array(await file.arrayBuffer()));
    });
  };
  input.addEventListener("change", () => open(input.files));
  return droppable(zone, open);
}

/** Dropped files are handled like chosen ones. */
export function droppable(zone: HTMLElement, open: (files: FileList | null) => void): HTMLElement {
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

/** Shows every key that a file would add in full, and waits for confirmation: what was not shown is not confirmed. */
export function confirmField(
  keys: readonly TrustedKey[],
  confirm: (keys: readonly TrustedKey[]) => Promise<string>,
): HTMLElement {
  const button = element("button", { type: "button" }, "I have this from a source that I trust: count it as confirmed");
  button.addEventListener("click", () => void say("file-said", () => confirm(keys)));
  const shown = keys.map(({ key, name }) =>
    element(
      "li",
      {},
      element("code", { className: "digest" }, printable(key.keyid)),
      name === undefined ? "" : ` ${printable(name)}`,
    ),
  );
  const said =
    keys.length === 1 ? "This file holds a key:" : `This file holds ${keys.length} keys, and each would count:`;
  return element("div", { className: "keys" }, element("p", {}, said), element("ul", {}, ...shown), button);
}

/** @param here source of the document: a key from there would only prove itself */
export function keyField(
  signer: string | undefined,
  take: (text: string) => Promise<string>,
  here: "site" | "file",
): HTMLElement {
  const input = element("input", {
    type: "text",
    id: "key",
    placeholder: "ssh-ed25519 AAAA… or SHA256:…",
    autocomplete: "off",
    spellcheck: false,
  });
  const form = element("form", { className: "field" }, input, element("button", { type: "submit" }, "Compare"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void say("key-said", () => take(input.value));
  });
  const label = element(
    "label",
    { htmlFor: "key" },
    `Paste the signer's public key or fingerprint, from a source other than this ${here}: their profile, an e-mail, a repository. It is compared by machine and forgotten when you leave.`,
  );
  const made =
    signer === undefined
      ? []
      : [element("p", {}, "This signature was made with ", element("code", {}, printable(signer)))];
  return element(
    "fieldset",
    {},
    element("legend", {}, "Do you know the signer's key?"),
    ...made,
    element("p", {}, label),
    form,
    sayer("key-said"),
  );
}

/** A witness key, not stored. */
export function witnessField(take: (text: string) => Promise<string>): HTMLElement {
  const input = element("input", {
    type: "text",
    id: "witness",
    placeholder: "name+01234567+B…",
    autocomplete: "off",
    spellcheck: false,
  });
  const form = element("form", { className: "field" }, input, element("button", { type: "submit" }, "Count"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void say("witness-said", () => take(input.value));
  });
  const label = element(
    "label",
    { htmlFor: "witness" },
    "Paste the key of a witness, from a source other than this site. A witness looks at the log independently, and signs what they saw with the time. The key is forgotten when you leave.",
  );
  const field = element(
    "fieldset",
    {},
    element("legend", {}, "Do you know a witness of this log?"),
    element("p", {}, label),
    form,
    sayer("witness-said"),
  );
  return element("div", { className: "tools" }, field);
}

interface Given {
  readonly name: string;
  readonly bytes: Bytes;
}

/** Changes one letter of the signed text and back, to show how a forgery looks. Only if the original verifies. */
export function tamperField(given: Given, holds: boolean, show: (given: Given) => void): HTMLElement | undefined {
  const original = forgedFrom.get(given);
  if (!holds && original === undefined) return undefined;
  const button = element(
    "button",
    { type: "button", className: "quiet" },
    original === undefined ? "Change one letter and check again" : "Put the letter back",
  );
  button.addEventListener("click", () => show(original ?? forged(given)));
  return element(
    "fieldset",
    {},
    element("legend", {}, "See a forgery refused"),
    element("p", {}, "Changes one letter of the signed text, in this page's memory, and runs the same check."),
    button,
  );
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
