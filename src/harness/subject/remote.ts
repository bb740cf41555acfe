/** The public address that a project is fetched from. */
import { gitPlaceOf, Repository } from "../../node/git.js";

/** Git's remote `origin`, if it is a host's address; undefined without a repository. */
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

/** `https://host/path`; undefined unless it is a host's address: it may be a path on someone's machine. */
export function publicRemote(url: string): string | undefined {
  const [, host, path] =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/@]+)\/(.+)$/.exec(url) ??
    /^(?:[^@/:]+@)?([^@/:]+\.[^@/:]+):(?!\/\/)(.+)$/.exec(url) ??
    [];
  // An absolute path names a place on a machine, and often a person.
  if (/^\/*(?:home|Users|root)\/|^~/.test(path ?? "")) return undefined;
  return host === undefined || path === undefined
    ? undefined
    : `https://${host.replace(/:\d+$/, "")}/${path
        .replace(/[?#].*$/, "")
        .replace(/^\/+|\/+$/g, "")
        .replace(/\.git$/, "")}`;
}
