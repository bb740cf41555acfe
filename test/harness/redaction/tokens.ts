/** What each rule finds and what it must leave. Put together at run time, so that no scanner takes this file for a leak. */
import { randomBytes } from "node:crypto";

/** The first or last line of a block. */
export const edge = (which: "BEGIN" | "END", kind: string): string => `-----${which} ${kind}-----`;

interface Examples {
  readonly name: string;
  readonly examples: readonly string[];
  readonly nearMisses: readonly string[];
}

const pick = (alphabet: string, length: number): string =>
  Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const alnum = (length: number): string => pick(ALNUM, length);
const upper = (length: number): string => pick(UPPER, length);
const hex = (length: number): string => pick("0123456789abcdef", length);
const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
const jwt = [part({ alg: "HS256", typ: "JWT" }), part({ sub: "1234567890", iat: 1516239022 }), alnum(43)];

export const rulesWithExamples: readonly Examples[] = [
  {
    name: "private-key",
    examples: ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "].map((kind) => edge("BEGIN", `${kind}PRIVATE KEY`)),
    nearMisses: ["-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "-----BEGIN AGE ENCRYPTED FILE-----"],
  },
  {
    name: "age-secret-key",
    examples: [`AGE-SECRET-KEY-1${upper(58)}`],
    nearMisses: [`age1${alnum(58).toLowerCase()}`, "AGE-SECRET-KEY-1..."],
  },
  {
    name: "note-private-key",
    examples: [`PRIVATE+KEY+example.org/log+${hex(8)}+${alnum(44)}`],
    nearMisses: [`example.org/log+${hex(8)}+${alnum(44)}`],
  },
  {
    name: "jwt",
    examples: [
      jwt.join("."),
      jwt.slice(0, 2).join("."),
      [jwt[0], alnum(20), alnum(16), alnum(40), alnum(22)].join("."),
    ],
    nearMisses: [jwt[0]!, `${jwt[0]!}.md`, `x${jwt.join(".")}`],
  },
  {
    name: "url-password",
    examples: ["https://alice:hunter2@example.org/a", "postgres://u:p%40ss@localhost/db", "redis://:abc@host:6379"],
    nearMisses: [
      "https://alice@example.org",
      "http://host:3000/@scope/a",
      "https://u:${PASSWORD}@host",
      "https://u:***@host",
    ],
  },
  {
    name: "authorization-header",
    examples: [
      `Authorization: Bearer ${alnum(30)}`,
      `authorization: Basic ${Buffer.from("someone:password").toString("base64")}`,
    ],
    nearMisses: ["Authorization: Bearer <token>", "Authorization: Bearer $TOKEN", `authorization of ${alnum(30)}`],
  },
  {
    name: "npm-authorization",
    examples: [`//registry.example.org/:_authToken=${alnum(36)}`, `//r.example.org/:_password=${alnum(20)}==`],
    nearMisses: ["//registry.example.org/:_authToken=${NPM_TOKEN}", `this._password=${alnum(20)}`],
  },
  {
    name: "npm-token",
    examples: [`npm_${alnum(36)}`],
    nearMisses: [`npm_${alnum(35)}`, "npm_package_config_some_very_long_name_of_it"],
  },
  {
    name: "github-token",
    examples: "p o u s r"
      .split(" ")
      .map((kind) => `gh${kind}_${alnum(36)}`)
      .concat(`github_pat_${alnum(22)}_${alnum(59)}`),
    nearMisses: [`ghp_${alnum(35)}`, "github_pat_token", `ghx_${alnum(36)}`],
  },
  { name: "gitlab-token", examples: [`glpat-${alnum(20)}`, `gldt-${alnum(20)}`], nearMisses: [`glpat-${alnum(19)}`] },
  { name: "pypi-token", examples: [`pypi-AgEIcHlwaS5vcmc${alnum(60)}`], nearMisses: ["pypi-AgE", `pypi-${alnum(60)}`] },
  {
    name: "aws-access-key",
    examples: [`AKIA${upper(16)}`, `ASIA${upper(16)}`],
    nearMisses: [`AKIA${upper(15)}`, `AKIA${upper(17)}`, ["AKIA", "IOSFODNN7EXAMPLE"].join(""), `AKIA${upper(15)}x`],
  },
  {
    name: "aws-secret-key",
    examples: [
      `aws_secret_access_key = ${alnum(40)}`,
      `"SecretAccessKey": "${alnum(40)}"`,
      `AWS_SECRET_ACCESS_KEY=${alnum(40)}`,
    ],
    nearMisses: [`aws_secret_access_key = ${alnum(39)}`, "secretAccessKey: process.env.KEY", `digest = ${hex(40)}`],
  },
  {
    name: "azure-key",
    examples: [`AccountKey=${alnum(86)}==`, `SharedAccessKey=${alnum(43)}=`],
    nearMisses: ["AccountKey=none"],
  },
  { name: "google-api-key", examples: [`AIza${alnum(35)}`], nearMisses: [`AIza${alnum(34)}`, `AIza${alnum(36)}`] },
  {
    name: "google-oauth",
    examples: [`ya29.${alnum(60)}`, `GOCSPX-${alnum(28)}`],
    nearMisses: ["ya29.short", `GOCSPX-${alnum(27)}`],
  },
  {
    name: "slack-token",
    examples: "a b e o p r s".split(" ").map((kind) => `xox${kind}-1${pick("0123456789", 11)}-${alnum(24)}`),
    nearMisses: ["xoxb-your-token", `xoxz-1${alnum(24)}`],
  },
  {
    name: "slack-webhook",
    examples: [`https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${alnum(24)}`],
    nearMisses: ["https://hooks.slack.com/services/", `https://example.org/services/T${upper(8)}`],
  },
  {
    name: "stripe-key",
    examples: ["sk", "rk"].map((kind) => `${kind}_live_${alnum(24)}`),
    nearMisses: [`sk_live_${alnum(15)}`, "task_live_0123456789abcdef01"],
  },
  {
    name: "sk-token",
    examples: [`sk-${alnum(47)}0`, `sk-proj-${alnum(60)}_${alnum(20)}1`, `sk-ant-api03-${alnum(90)}`],
    nearMisses: ["sk-folding-cube-container-element-1", `task-${alnum(40)}0`, "sk-abcdefghijklmnopqrstuvwxyz"],
  },
  {
    name: "hugging-face-token",
    examples: [`hf_${alnum(34)}`],
    nearMisses: [`hf_${alnum(20)}`, "hf_hub_download_and_some_more_of_the_name"],
  },
  { name: "sendgrid-key", examples: [`SG.${alnum(22)}.${alnum(43)}`], nearMisses: [`SG.${alnum(22)}.${alnum(42)}`] },
  {
    name: "digitalocean-token",
    examples: "o p r".split(" ").map((kind) => `do${kind}_v1_${hex(64)}`),
    nearMisses: [`dop_v2_${hex(64)}`, `dop_v1_${hex(63)}`],
  },
  { name: "docker-token", examples: [`dckr_pat_${alnum(27)}`], nearMisses: ["dckr_pat_none"] },
  { name: "vault-token", examples: [`hvs.${alnum(24)}`, `hvb.${alnum(130)}`], nearMisses: [`hvs.${alnum(20)}`] },
];
