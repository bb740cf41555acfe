/** Every stable code: which exit status it stands for and what it means. Programs branch on the code, never on the sentence. */

/** Of several, the first in this order is the exit status of the whole: malformed, refused, no accepted key, not checkable, findings. */
export const SEVERITY = [2, 1, 3, 4, 5] as const;
export type ExitStatus = 0 | (typeof SEVERITY)[number];

const TABLE = {
  // the bytes
  "too-large": [2, "the document is larger than a verifier takes"],
  "not-utf8": [2, "the document is not UTF-8 text"],
  bom: [2, "a byte order mark stands before the JSON text"],
  "json-syntax": [2, "the text is not JSON"],
  "json-duplicate": [2, "an object has a member twice: two readers could see two documents"],
  "json-surrogate": [2, "a string holds half a surrogate pair"],
  "json-number-range": [2, "a number is too large to be read the same everywhere"],
  "json-number-spelling": [2, "a number is not spelled as RFC 8785 spells it"],
  "json-proto": [2, "a member is named __proto__"],
  "json-depth": [2, "the document is nested too deeply"],
  "not-json": [2, "a value has no JSON form that survives a round trip"],
  hex: [2, "a text is not lowercase hex"],
  base64: [2, "a text is not standard base64 in its one spelling"],
  // the skin
  "skin-unknown": [2, "the document is no attestation"],
  "skin-member": [2, "the envelope has a member too many or too few, or one of the wrong type"],
  "skin-mixed": [2, "the document is both the readable skin and another"],
  "skin-material": [
    2,
    "a Sigstore bundle brings certificates, keys, log entries or timestamps instead of the name of a key",
  ],
  "skin-signify": [2, "a signify file is not one that holds an attestation"],
  "skin-message": [2, "a signed message, or the signature beside it, is not of DSSE's form"],
  "not-canonical": [2, "the signed bytes are not the canonical form of what they say (RFC 8785)"],
  // the signatures
  "signature-missing": [1, "the document has no signature"],
  "signature-count": [2, "the document has more signatures than a verifier takes"],
  "signature-duplicate": [2, "one key stands twice among the signatures"],
  "signature-bad": [1, "these are not the bytes that the key signed"],
  "signature-weak": [
    1,
    "the key or the signature is one that fits more than one message (small order, or not canonical)",
  ],
  "engines-disagree": [4, "two Ed25519 engines give two answers"],
  "key-unknown": [3, "no key at hand made any of the signatures"],
  "key-site-only": [3, "the key is only known from the place that serves the document"],
  "key-retired": [3, "the signature's claimed time is outside the time for which the key is listed"],
  "key-revoked": [3, "the key is revoked, and the signature claims to be of a time after that"],
  "key-revoked-unproven": [
    3,
    "the key is revoked, and only the signer says that the signature is of a time before that",
  ],
  "key-revoked-late": [3, "the key is revoked, and the signature was first seen after that"],
  // what the signed bytes say
  "payload-type": [1, "the signature is over another kind of document"],
  "statement-type": [1, "the signed document is no in-toto Statement v1"],
  "predicate-type": [4, "the statement is of a kind that this verifier does not know"],
  "version-newer": [4, "the statement is newer than this verifier"],
  schema: [1, "the statement lacks what its kind must have"],
  "verdict-mismatch": [1, "the stated verdict is not the one that the checks give"],
  "result-mismatch": [1, "the stated result is not the one that the checks give"],
  "tests-mismatch": [1, "the lists of passed, warned and failed tests are not those that the checks give"],
  "outcome-mismatch": [1, "a stated outcome is not one that its measurements allow"],
  "notice-idle": [3, "the notice is not signed by the keys that it takes, and has no effect"],
  "name-mismatch": [1, "the file's name is not the id of what it holds"],
  "time-order": [5, "the dates in the statement are in an impossible order"],
  "time-future": [5, "the statement says that it was signed in the future"],
  "recompute-mismatch": [5, "the archived observations give other outcomes or measurements than the statement"],
  "recompute-impossible": [4, "nothing that was asked to be computed again can be"],
  "evidence-changed": [5, "archived evidence is not the bytes that the statement names"],
  // what was not looked at
  "not-reached": [0, "an earlier check failed"],
  "no-name": [0, "the document came without a file name"],
  "no-log": [0, "the statement names no log"],
  "no-archive": [0, "no evidence archive is at hand"],
  "no-evidence": [0, "the statement names no evidence"],
  "evidence-missing": [0, "some evidence is not in the archive at hand"],
  "no-recompute": [0, "the outcomes were not computed again from the observations"],
  "no-policy": [0, "nothing was asked of the verdict"],
  "no-verdict": [0, "the statement is a notice, which has no verdict"],
  ok: [0, "checked, and so"],
  // keys, files and calls
  "key-format": [2, "a text or a file is no Ed25519 key that this tool reads"],
  "keyring-format": [2, "a file is no keyring"],
  "key-name": [2, "a name for a key is not of the allowed form"],
  "key-exists": [2, "a key of that name exists already"],
  "key-missing": [2, "there is no such key"],
  "key-changed": [3, "where you pinned one key, there is another"],
  "trust-format": [2, "the file of your pins is damaged, or newer than this version"],
  "policy-format": [2, "a file is no policy that asks for something"],
  "key-locked": [2, "the key is under a passphrase that was not given, or not the right one"],
  "agent-failed": [2, "the ssh-agent did not do what it was asked"],
  "home-unsafe": [2, "a secret would lie where it must not"],
  "registry-missing": [2, "there is no registry there"],
  "registry-exists": [2, "there is a registry there already"],
  "registry-format": [2, "a file of the registry is not of the expected form"],
  "policy-unmet": [3, "what was asked of the attestation is not so"],
  "policy-open": [4, "a part of what was asked could not be checked"],
  "no-attestations": [3, "there was nothing to check"],
  "file-missing": [2, "there is no such file"],
  "file-exists": [2, "the file exists already, with other bytes"],
  locked: [2, "another process held a lock for too long"],
  "list-unknown": [2, "which task list is meant is not known"],
  "task-missing": [2, "there is no such task"],
  "task-format": [2, "a task's file is no complete task"],
  "task-fenced": [2, "the task belongs to another run by now"],
  "task-busy": [2, "the task is being worked on by a run that is alive"],
  "task-lost": [2, "the run that worked on the task has ended without a word"],
  "command-failed": [2, "a command could not be started"],
  timeout: [4, "what was waited for did not come in time"],
  io: [2, "reading or writing failed"],
  network: [4, "a document could not be fetched"],
  usage: [2, "the command line is not understood"],
  "report-format": [2, "a file is no report of a test run in a format that this tool reads"],
  "scenario-unknown": [2, "there is no such test or profile"],
  "scenario-format": [2, "a file is no test that this tool can run"],
  "subject-missing": [2, "what is tested cannot be named by digest"],
  "sandbox-missing": [2, "the sandbox that was asked for cannot be had"],
  "secret-found": [2, "something that is about to be published looks like a secret"],
  "not-reproducible": [4, "the recorded run cannot be made again here"],
  "driver-missing": [2, "a program that the driver needs is not there"],
  observations: [2, "a line of the observations is no flat JSON object"],
  "scenario-statement": [2, "a run gave a statement that may not be signed"],
  "payload-too-large": [2, "the statement is larger than a writer may sign"],
  interrupted: [2, "the run was interrupted; nothing was published"],
  internal: [2, "a fault of this tool"],
} as const satisfies Record<string, readonly [ExitStatus, string]>;

export type Code = keyof typeof TABLE;

export const CODES = Object.keys(TABLE) as Code[];
export const exitOf = (code: Code): ExitStatus => TABLE[code][0];
export const meaningOf = (code: Code): string => TABLE[code][1];

/** The exit status of several answers: the first of 2, 1, 3, 4, 5 that occurs, else 0. */
export const worst = (statuses: readonly ExitStatus[]): ExitStatus =>
  SEVERITY.find((status) => statuses.includes(status)) ?? 0;
