/** Exchanges a web identity's token for credentials: AssumeRoleWithWebIdentity of AWS's Security Token Service, API version 2011-06-15. */
import { AttestError } from "../../core/errors.js";
import { tokenServiceOf, valueOf, type Environment } from "./endpoint.js";
import { childrenOf, codeIn, MAX_ANSWER, textOf, xmlIn } from "./answers.js";
import { bodyOf, isPassing, Passing, PATIENCE, persist, Unanswered, type Patience } from "./requests.js";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Milliseconds since 1970. */
  readonly expires?: number;
}

/** @throws AttestError `usage`, `network` */
export async function assumeRole(
  env: Environment,
  token: string,
  region?: string,
  patience: Patience = PATIENCE,
): Promise<Credentials> {
  const role = valueOf(env, "AWS_ROLE_ARN");
  if (role === undefined)
    throw new AttestError(
      "usage",
      "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not",
      "set AWS_ROLE_ARN too",
    );
  const { address: service } = tokenServiceOf(env, region);
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: valueOf(env, "AWS_ROLE_SESSION_NAME") ?? "attest",
    WebIdentityToken: token,
  });
  try {
    return await persist(async (signal) => {
      const response = await fetch(service, { method: "POST", body, redirect: "manual", credentials: "omit", signal });
      const answer = await bodyOf(response, MAX_ANSWER);
      if (response.ok) return credentialsIn(answer) ?? malformed(service);
      const code = codeIn(answer) ?? `status ${response.status}`;
      // "The request could not be fulfilled because the identity provider could not be reached"
      if (isPassing(response.status) || code === "IDPCommunicationError") throw new Passing(`it answers ${code}`);
      throw refused(service, `it answers ${code}`);
    }, patience);
  } catch (error) {
    if (error instanceof Unanswered) throw refused(service, error.message);
    throw error;
  }
}

const refused = ({ origin }: URL, why: string): AttestError =>
  new AttestError(
    "network",
    `the token service ${origin} gave no credentials: ${why}`,
    "look at AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, and whom the role trusts",
  );

function malformed(service: URL): never {
  throw refused(service, "its answer has none");
}

function credentialsIn(answer: Uint8Array | undefined): Credentials | undefined {
  const [result] = childrenOf(xmlIn(answer), "AssumeRoleWithWebIdentityResult");
  const [credentials] = childrenOf(result, "Credentials");
  const accessKeyId = textOf(credentials, "AccessKeyId");
  const secretAccessKey = textOf(credentials, "SecretAccessKey");
  const sessionToken = textOf(credentials, "SessionToken");
  const expires = Date.parse(textOf(credentials, "Expiration") ?? "");
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined || Number.isNaN(expires))
    return undefined;
  return { accessKeyId, secretAccessKey, sessionToken, expires };
}
