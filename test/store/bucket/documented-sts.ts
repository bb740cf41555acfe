/**
 * A token service on loopback that answers as "AssumeRoleWithWebIdentity" in AWS's STS API Reference documents, for one token at a time: it
 * stands for none of a provider's own checks.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class DocumentedSts {
  readonly asked: URLSearchParams[] = [];
  token = "token";
  /** Of the credentials that it gives, in milliseconds. */
  lifetime = 3_600_000;
  /** In place of the next answers. */
  readonly next: { readonly status: number; readonly body: string }[] = [];
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = new URLSearchParams(Buffer.concat(chunks).toString());
      this.asked.push(asked);
      const { status, body } = this.next.shift() ?? this.#answer(asked);
      response.writeHead(status, { "content-type": "text/xml" }).end(body);
    });
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(asked: URLSearchParams): { status: number; body: string } {
    const wanted = { Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleSessionName: "attest" };
    if (Object.entries(wanted).some(([name, value]) => asked.get(name) !== value))
      return refusal(400, "ValidationError", "");
    if (asked.get("WebIdentityToken") !== this.token)
      return refusal(400, "InvalidIdentityToken", `no such token: ${asked.get("WebIdentityToken") ?? ""}`);
    const expires = new Date(Date.now() + this.lifetime).toISOString();
    return {
      status: 200,
      body: credentials(`AKSTS${this.asked.length}`, `secretsts${this.asked.length}`, "session/sts==", expires),
    };
  }
}

export const refusal = (status: number, code: string, message: string): { status: number; body: string } => ({
  status,
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
});

export const credentials = (id: string, secret: string, session: string, expires: string): string =>
  `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>repo:example/lab</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/lab/attest</Arn></AssumedRoleUser>
    <Credentials>
      <SessionToken>${session}</SessionToken>
      <SecretAccessKey>${secret}</SecretAccessKey>
      <Expiration>${expires}</Expiration>
      <AccessKeyId>${id}</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`;
