/** With what type a file of a registry is served, by the end of its name. Anything else is octets. */
export const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".json": "application/json",
  ".pub": "text/plain; charset=utf-8",
  ".vkey": "text/plain; charset=utf-8",
  ".tlog-proof": "text/plain; charset=utf-8",
};
