/** Resolves `@f3/attest` to this installation for scenarios whose project has not installed it. Loaded by `host.ts`. */
import type { ResolveHook } from "node:module";

const NAME = "@f3/attest";
const OURS = new URL("../../index.js", import.meta.url).href;

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (specifier !== NAME) throw error;
    return await next(OURS, context);
  }
};
