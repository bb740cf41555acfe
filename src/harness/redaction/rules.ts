/** Patterns of keys and tokens: only formats that their issuers made recognizable, so that digests and identifiers never match. */

export interface SecretRule {
  readonly name: string;
  /** Every match starts with one of these. */
  readonly starts: readonly string[];
  /**
   * Tried at each start. A match stays within a line and is shorter than `WINDOW`; it may look behind by `CONTEXT` characters. A group, if
   * any, ends the match, and only the group is removed.
   */
  readonly pattern: RegExp;
}

/** Maximum distance within which a match is still undecided. */
export const WINDOW = 64 * 1024;
/** Number of output characters that patterns may look behind. */
export const CONTEXT = 32;

/** Not inside a word. The end of an escape (JSON, URL) or of a colour code may also precede it. */
export const before = String.raw`(?<=^|[^A-Za-z0-9_-]|\\[bfnrt]|%[0-9A-Fa-f]{2}|\[[0-9;]{0,16}m)`;
export const after = String.raw`(?![A-Za-z0-9_-])`;
/** Between a name and its value: `=`, `: `, and quotes of a document or of a nested one. */
const assigned = String.raw`[\\"']{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\\"']{0,4}`;

const rule = (name: string, starts: readonly string[], pattern: string): SecretRule => ({
  name,
  starts,
  pattern: new RegExp(pattern),
});

const jwtTail = String.raw`eyJ[\w-]{8,32768}(?:\.[\w-]{0,16384})?|[\w-]{0,1024}(?:\.[\w-]{8,16384}){3}`;
const awsNames = ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey", "secretAccessKey"];
const authorization = ["Authorization", "authorization", "AUTHORIZATION"];
const prefixes = (many: string, of: (one: string) => string): string[] => many.split(" ").map(of);

/** The start of a private key; `redact.ts` handles its end. */
export const PRIVATE_KEY = rule(
  "private-key",
  ["-----BEGIN "],
  String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`,
);
export const PRIVATE_KEY_END = rule(
  "private-key",
  ["-----END "],
  String.raw`-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`,
);

export const RULES: readonly SecretRule[] = [
  PRIVATE_KEY,
  rule("age-secret-key", ["AGE-SECRET-KEY-"], String.raw`AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{58,200}`),
  rule(
    "note-private-key",
    ["PRIVATE+KEY+"],
    String.raw`PRIVATE\+KEY\+[^\s+]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,200}`,
  ),
  rule("jwt", ["eyJ"], String.raw`${before}eyJ[\w-]{8,4096}\.(?:${jwtTail})`),
  // The group keeps scheme, user and host, so that a report stays readable.
  rule(
    "url-password",
    ["://"],
    String.raw`:\/\/[^\s/?#:@"'<>\\]{0,200}:((?!\[redacted\]@|\*+@)[^\s/@"'<>\\{}]{3,200})(?=@)`,
  ),
  rule(
    "authorization-header",
    authorization,
    String.raw`(?:${authorization.join("|")})${assigned}(?:[Bb]earer|[Bb]asic|[Tt]oken)[ \t]{1,4}([\w.~+/=-]{16,8192})`,
  ),
  rule(
    "npm-authorization",
    [":_authToken=", ":_auth=", ":_password="],
    String.raw`:_(?:authToken|auth|password)=([\w.+/=-]{16,1024})`,
  ),
  rule("npm-token", ["npm_"], String.raw`${before}npm_[A-Za-z0-9]{36}${after}`),
  rule(
    "github-token",
    [...prefixes("p o u s r", (one) => `gh${one}_`), "github_pat_"],
    String.raw`(?:gh[pousr]_[A-Za-z0-9]{36,1024}|github_pat_\w{22,1024})`,
  ),
  rule(
    "gitlab-token",
    prefixes("pat dt rt cbt ptt ft soat agent", (one) => `gl${one}-`),
    String.raw`${before}gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w.-]{20,300}`,
  ),
  rule("pypi-token", ["pypi-AgE"], String.raw`pypi-AgE[\w-]{50,1024}`),
  rule("aws-access-key", ["AKIA", "ASIA"], String.raw`${before}A[KS]IA[0-9A-Z]{16}(?<!EXAMPLE)${after}`),
  rule(
    "aws-secret-key",
    awsNames,
    String.raw`(?:${awsNames.join("|")})${assigned}([A-Za-z0-9/+]{40})(?<!EXAMPLEKEY)(?![A-Za-z0-9/+=])`,
  ),
  rule(
    "azure-key",
    ["AccountKey=", "SharedAccessKey="],
    String.raw`(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,86}={1,2})`,
  ),
  rule("google-api-key", ["AIza"], String.raw`${before}AIza[\w-]{35}${after}`),
  rule("google-oauth", ["ya29.", "GOCSPX-"], String.raw`${before}(?:ya29\.[\w.-]{20,1024}|GOCSPX-[\w-]{28}${after})`),
  rule(
    "slack-token",
    [...prefixes("a b e o p r s", (one) => `xox${one}-`), "xapp-"],
    String.raw`${before}(?:xox[abeoprs]|xapp)-[0-9][A-Za-z0-9-]{15,250}`,
  ),
  rule(
    "slack-webhook",
    ["hooks.slack.com/"],
    String.raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/-]{20,200})`,
  ),
  rule(
    "stripe-key",
    prefixes("sk rk", (one) => `${one}_`),
    String.raw`${before}[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}`,
  ),
  // CSS-like names have short words and rarely a digit.
  rule(
    "sk-token",
    ["sk-"],
    String.raw`${before}sk-(?=[\w-]{0,250}[0-9])(?:[A-Za-z0-9]{1,12}-){0,3}\w{20,250}[\w-]{0,250}`,
  ),
  rule("hugging-face-token", ["hf_"], String.raw`${before}hf_[A-Za-z0-9]{34,64}${after}`),
  rule("sendgrid-key", ["SG."], String.raw`${before}SG\.[\w-]{22}\.[\w-]{43}${after}`),
  rule(
    "digitalocean-token",
    prefixes("o p r", (one) => `do${one}_v1_`),
    String.raw`do[opr]_v1_[0-9a-f]{64}`,
  ),
  rule("docker-token", ["dckr_pat_", "dckr_oat_"], String.raw`dckr_[po]at_[\w-]{20,200}`),
  rule("vault-token", ["hvs.", "hvb."], String.raw`${before}hv[sb]\.[\w-]{24,300}`),
];
