/** Where a project is fetched from, as far as that may be published. */
import { gitPlaceOf, Repository } from "../../node/git.js";

/** What git calls `origin`, as far as it is an address of a host; undefined where there is no repository. */
export async function remoteOf(folder: string): Promise<string | undefined> {
  const place = gitPlaceOf(folder);
  if (place === undefined) return undefined;
  const repository = await Repository.open(place).catch(() => undefined);
  if (repository === undefined) return undefined;
  return await remoteIn(repository).finally(() => repository.close());
}

export const remoteIn = (repository: Repository): Promise<string | undefined> =>
  repository.ask(["remote", "get-url", "origin"]).then(
    (url) => publicRemote(url.trim()),
    () => undefined,
  );

/** `https://host/path`; undefined for what is no address of a host, a path on somebody's machine for example. */
export function publicRemote(url: string): string | undefined {
  const [, host, path] =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/@]+)\/(.+)$/.exec(url) ??
    /^(?:[^@/:]+@)?([^@/:]+\.[^@/:]+):(?!\/\/)(.+)$/.exec(url) ??
    [];
  // A path from the root of a machine names a place there, and often a person.
  if (/^\/*(?:home|Users|root)\/|^~/.test(path ?? "")) return undefined;
  return host === undefined || path === undefined
    ? undefined
    : `https://${host.replace(/:\d+$/, "")}/${path
        .replace(/[?#].*$/, "")
        .replace(/^\/+|\/+$/g, "")
        .replace(/\.git$/, "")}`;
}
