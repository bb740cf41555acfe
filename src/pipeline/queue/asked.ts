/**
 * What a worker needs to know of a run, in the configuration of its signed plan: where its source is, and how the command is run. The rows of
 * the queue say none of it, since others can change them.
 */
import * as z from "zod/mini";
import { AttestError } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Descriptor } from "../../core/statement/statement.js";
import { faultIn, sha256 } from "../../core/schema.js";
import { isGitSource, type GitSource } from "./fetch-commit.js";

/** An archive in the registry's store, or a commit at an address. A built-in scenario needs none. */
export type RunSource = { readonly archive: string } | GitSource;

const RUN = "attest queue";
const SOURCE = "source";
const ARCHIVE_TYPE = "application/gzip";

const path = z.string().check(z.refine(isOwn, "a path inside the project"));
const variable = z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable"));
const folderName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "the name of a folder"));

const asked = z.strictObject({
  /** Relative to the top of the project. */
  folder: path,
  /** The fresh folder is called so, because a project without a manifest is called after it. */
  project: folderName,
  reports: z.array(z.union([path, z.literal("-")])),
  subjects: z.array(path),
  recorded: z.array(variable),
  variables: z.record(variable, z.string()),
  noSkips: z.boolean(),
  allowRetries: z.boolean(),
  allowCounts: z.boolean(),
  sandbox: z.boolean(),
  title: z.optional(z.string()),
  /** In seconds. */
  timeout: z.number().check(z.positive()),
  scenario: z.optional(
    z.strictObject({ name: z.string(), profile: z.optional(z.string()), quick: z.optional(z.literal(true)) }),
  ),
});
export type AskedRun = z.infer<typeof asked>;

/** Neither absolute nor with `..`, on any system. */
function isOwn(text: string): boolean {
  return text !== "" && !/^[/\\]|^[A-Za-z]:|[\0\\]/.test(text) && !text.split("/").includes("..");
}

export function describeAsked(run: AskedRun, source: RunSource | undefined): Descriptor[] {
  const where =
    source === undefined
      ? []
      : "archive" in source
        ? [{ name: SOURCE, digest: { sha256: source.archive }, mediaType: ARCHIVE_TYPE }]
        : [{ name: SOURCE, uri: `git+${source.address}`, digest: { gitCommit: source.commit, gitTree: source.tree } }];
  const annotations = JSON.parse(JSON.stringify(run)) as Record<string, Json>; // without undefined members
  return [{ name: RUN, annotations }, ...where] as Descriptor[];
}

export interface Asked {
  readonly run: AskedRun;
  readonly source: RunSource | undefined;
  /** The same as in the plan, to be repeated in the result. */
  readonly configuration: readonly Descriptor[];
}

/** @throws AttestError `run-refused` */
export function askedIn(configuration: readonly Descriptor[]): Asked {
  const one = (name: string): Descriptor | undefined => {
    const [found, another] = configuration.filter((item) => item.name === name);
    if (another !== undefined) throw refused(`${name} twice`);
    return found;
  };
  const run = one(RUN);
  if (run === undefined) throw refused("no word of how it is run: it was not announced for the queue");
  const parsed = asked.safeParse(run.annotations);
  if (!parsed.success) throw refused(faultIn(parsed.error));
  const source = one(SOURCE);
  const read = source && sourceIn(source);
  if ((read === undefined) !== (parsed.data.scenario !== undefined))
    throw refused("neither a source nor a scenario, or both");
  return { run: parsed.data, source: read, configuration: [run, ...(source === undefined ? [] : [source])] };
}

function sourceIn({ uri, digest = {}, mediaType }: Descriptor): RunSource {
  const { gitCommit: commit = "", gitTree: tree = "", sha256: archive } = digest;
  const git = { address: uri?.replace(/^git\+/, "") ?? "", commit, tree };
  if (uri !== undefined && archive === undefined && isGitSource(git)) return git;
  if (uri === undefined && mediaType === ARCHIVE_TYPE && sha256.safeParse(archive).success && archive !== undefined)
    return { archive };
  throw refused("a source that a worker cannot fetch");
}

const refused = (found: string): AttestError =>
  new AttestError("run-refused", `expected a plan that a worker can run, found ${found}`);
