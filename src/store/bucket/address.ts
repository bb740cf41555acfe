/** `s3://bucket/prefix`. */
import { AttestError } from "../../core/errors.js";

export interface BucketAddress {
  readonly bucket: string;
  /** Without a slash at either end; may be empty. */
  readonly prefix: string;
  /** In its one spelling. */
  readonly place: string;
}

export const isBucketAddress = (target: string): boolean => /^s3:/i.test(target);

/** @throws AttestError `usage` */
export function parseBucketAddress(target: string): BucketAddress {
  const refused = (why: string): AttestError =>
    // What is typed before an @ may be a secret.
    new AttestError(
      "usage",
      `${target.includes("@") ? "the address" : JSON.stringify(target)} is not one of a registry in a bucket: ${why}`,
      "it is like s3://bucket/prefix",
    );
  const [, bucket = "", rest = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(target) ?? [];
  if (bucket.includes("@"))
    throw refused("credentials do not belong in it; they are read from the environment, or from ~/.aws/credentials");
  if (/[?#]/.test(target)) throw refused("it has a query");
  // "Bucket naming rules" of Amazon S3.
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes("..") || /^[\d.]+$/.test(bucket))
    throw refused("a bucket's name has 3 to 63 of a-z, 0-9, - and .");
  const prefix = rest.replace(/(?<=[^/])\/$/, "");
  const fault = prefix === "" ? undefined : faultOf(prefix);
  if (fault !== undefined) throw refused(fault);
  return { bucket, prefix, place: `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}` };
}

const MAX_PREFIX = 512; // of the 1024 bytes that a key may have

function faultOf(prefix: string): string | undefined {
  if (prefix.split("/").some((part) => part === "" || part === "." || part === ".."))
    return "a part of its prefix is empty, . or ..";
  if (/[\p{Cc}\p{Cs}\\]/u.test(prefix)) return "its prefix has a character that keys should not have";
  return Buffer.byteLength(prefix) > MAX_PREFIX ? `its prefix has more than ${MAX_PREFIX} bytes` : undefined;
}
