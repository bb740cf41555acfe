/**
 * Credentials for a bucket, from where AWS's own programs find them: the environment, a web identity, the user's profile. Without any, requests
 * are not signed, and read what anyone may read.
 *
 * They appear in no message: what a server or a parser says about them is not passed on, because it may quote them.
 */
import { AttestError } from "../../core/errors.js";
import { read } from "../../node/reading.js";
import { valueOf, type Environment } from "./endpoint.js";
import { profileIn, type Profile } from "./profile.js";
import { assumeRole, type Credentials } from "./token-service.js";

/** Undefined: nobody in particular. */
export type FindCredentials = () => Promise<Credentials | undefined>;

/** New ones are fetched this long before the old ones expire. */
const EARLY_MS = 5 * 60_000;

/** @param now for tests */
export function credentialsIn(env: Environment, now: () => number = Date.now): FindCredentials {
  let last: Promise<Credentials | undefined> | undefined;
  let fresh: () => boolean = () => false;
  return async () => {
    if (last !== undefined && fresh()) return await last;
    const finding = (last = found(env));
    fresh = () => true; // who asks meanwhile waits for the same answer
    try {
      const { expires = Infinity } = (await finding) ?? {};
      fresh = () => now() < expires - EARLY_MS;
    } catch (error) {
      fresh = () => false;
      throw error;
    }
    return await finding;
  };
}

async function found(env: Environment): Promise<Credentials | undefined> {
  const inVariables = pairOf(
    (name) => valueOf(env, `AWS_${name.toUpperCase().replace(/^AWS_/, "")}`),
    "the environment",
  );
  if (inVariables !== undefined) return inVariables;
  const tokenFile = valueOf(env, "AWS_WEB_IDENTITY_TOKEN_FILE");
  const profile = profileIn(env);
  if (tokenFile !== undefined)
    return checked(await assumeRole(env, tokenIn(tokenFile), profile.get("region")), "the token service's answer");
  const inProfile = pairOf((name) => profile.get(name), "the profile");
  if (inProfile === undefined) refuseOtherKinds(profile);
  return inProfile;
}

/** @param value of a setting, by its name in a profile */
function pairOf(value: (name: string) => string | undefined, where: string): Credentials | undefined {
  const set = (name: string): string | undefined => (value(name) === "" ? undefined : value(name));
  const [accessKeyId, secretAccessKey] = [set("aws_access_key_id"), set("aws_secret_access_key")];
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new AttestError(
      "usage",
      `${where} has ${accessKeyId === undefined ? "a secret access key without its id" : "an access key's id without its secret"}`,
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  return checked({ accessKeyId, secretAccessKey, sessionToken: set("aws_session_token") }, where);
}

/** Anything else would be refused as a header's value later, by an error that quotes it. */
function checked(credentials: Credentials, where: string): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken = "-" } = credentials;
  if ([accessKeyId, secretAccessKey, sessionToken].every((one) => /^[!-~]+$/.test(one))) return credentials;
  throw new AttestError(
    "usage",
    `the credentials in ${where} have a space, a line end or another character that credentials never have`,
    "copy them again",
  );
}

const OTHER_KINDS = [
  "sso_session",
  "sso_start_url",
  "role_arn",
  "credential_process",
  "credential_source",
  "login_session",
];

/** Not signing would end in a refusal that names no reason. */
function refuseOtherKinds(profile: Profile): void {
  const kind = OTHER_KINDS.find((name) => profile.has(name));
  if (kind === undefined) return;
  throw new AttestError(
    "usage",
    `the profile gets its credentials by ${kind}, which this program does not do`,
    'hand them over in the environment: eval "$(aws configure export-credentials --format env)"',
  );
}

const MAX_TOKEN = 64 * 1024;

function tokenIn(path: string): string {
  const bytes = read(path, { limit: MAX_TOKEN });
  const token = bytes === undefined ? "" : Buffer.from(bytes).toString("latin1").trim();
  if (/^[!-~]+$/.test(token)) return token;
  throw new AttestError(
    "io",
    `could not read a token from AWS_WEB_IDENTITY_TOKEN_FILE, ${path}: it ${bytes === undefined ? "is missing" : "has none"}`,
  );
}
