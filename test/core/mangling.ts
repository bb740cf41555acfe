/** What may befall a file: its end missing, a byte changed, a byte too many or too few. */
import type { Bytes } from "../../src/core/bytes.js";
import type { Code } from "../../src/core/codes.js";
import { AttestError } from "../../src/core/errors.js";

const put = (bytes: Bytes, at: number, byte: number): Bytes => bytes.with(at, byte & 0xff);

export function* mangled(bytes: Bytes): Generator<Bytes> {
  for (let length = 0; length < bytes.length; length += 1) yield bytes.slice(0, length);
  for (const [at, byte] of bytes.entries()) {
    for (const other of [byte + 1, byte - 1, byte ^ 0x20, 0x0a]) if (other !== byte) yield put(bytes, at, other);
    yield Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
    for (const more of [byte, 0x20, 0x0a, 0x2b])
      yield Uint8Array.from([...bytes.subarray(0, at), more, ...bytes.subarray(at)]);
  }
  for (const more of [0x00, 0x0a, 0x20, 0x3d]) yield Uint8Array.from([...bytes, more]);
}

/** What a call gives, or the code that it refuses with. */
export function outcome<T>(call: () => T): T | Code {
  try {
    return call();
  } catch (error) {
    if (error instanceof AttestError) return error.code;
    throw error;
  }
}
