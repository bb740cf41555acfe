/** What a push does a part of, the night's run (`.ci/run --all`) does whole. The seeds of properties differ each time. */
export const NIGHT = typeof process !== "undefined" && process.env["ATTEST_NIGHT"] === "1";
