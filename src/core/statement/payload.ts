/** Members of a payload that are read before its schema has been checked. */
import type { LogName } from "../keys/keyring.js";
import { isObject, type Json, type JsonObject } from "../json.js";
import { NOTICE_TYPE } from "./notice.js";
import { PLAN_TYPE } from "./plan.js";

export const predicateOf = (payload: JsonObject): JsonObject =>
  isObject(payload["predicate"]) ? payload["predicate"] : {};

/** Our members: of a result the extension `f3`, of a plan or a notice the whole predicate. */
export const extensionOf = (payload: JsonObject): JsonObject => {
  const f3: Json | undefined = predicateOf(payload)["f3"];
  return isObject(f3) ? f3 : {};
};

export const claimedTime = (payload: JsonObject): string | undefined => {
  const at = extensionOf(payload)["signedAt"] ?? predicateOf(payload)["signedAt"];
  return typeof at === "string" ? at : undefined;
};

/** The log that should hold the statement. */
export const logNamed = (payload: JsonObject): LogName | undefined => {
  const log = extensionOf(payload)["log"] ?? predicateOf(payload)["log"];
  if (!isObject(log)) return undefined;
  const { origin, key } = log;
  return typeof origin === "string" && typeof key === "string" ? { origin, key } : undefined;
};

export type Kind = "test" | "plan" | "note";
const KINDS: ReadonlyMap<Json | undefined, Kind> = new Map([
  [PLAN_TYPE, "plan"],
  [NOTICE_TYPE, "note"],
]);
export const kindOf = (payload: JsonObject): Kind => KINDS.get(payload["predicateType"]) ?? "test";
