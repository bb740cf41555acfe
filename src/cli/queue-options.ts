/** What the commands around the queue share. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { InvalidArgumentError, type Command } from "commander";
import { SHORT_NAME } from "../queue/job.js";
import { queueAddress } from "../queue/address.js";
import { Queue } from "../queue/queue.js";
import { io } from "./io.js";

export interface QueueOptions {
  readonly queue?: string;
}

export const withQueue = (command: Command): Command =>
  command.option("--queue <url>", "the database of the queue, postgres://… (F3_ATTEST_QUEUE by default)");

export const addressOf = ({ queue }: QueueOptions): string => queueAddress(queue, io().env);

export async function withOpenQueue<T>(options: QueueOptions, act: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = await Queue.open(addressOf(options));
  try {
    return await act(queue);
  } finally {
    await queue.close();
  }
}

/** `a,b`: each is a short name. */
export function labelList(text: string): readonly string[] {
  const names = text.split(",");
  if (names.every((name) => SHORT_NAME.test(name))) return [...new Set(names)];
  throw new InvalidArgumentError("It takes short names, as in linux,gpu: a-z, 0-9, - and ., at most 32 each.");
}

export function shortName(text: string): string {
  if (SHORT_NAME.test(text)) return text;
  throw new InvalidArgumentError("It takes a short name: a-z, 0-9, - and ., at most 32.");
}

export const integer =
  (least: number, most: number) =>
  (text: string): number => {
    if (/^-?\d{1,7}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    throw new InvalidArgumentError(`It takes a number from ${least} to ${most}.`);
  };

/** The same each time, and not the host's name, which statements never have. */
export const machineName = (): string => `m-${createHash("sha256").update(hostname()).digest("hex").slice(0, 6)}`;
