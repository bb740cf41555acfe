import { expect, test } from "vitest";
import { AttestError } from "../../src/core/errors.js";

test("an error is known by every copy of its class, and nothing else is one", () => {
  const another = Object.assign(new Error("no room"), { [Symbol.for("@f3/attest AttestError")]: true });
  expect(another).toBeInstanceOf(AttestError);
  expect(new AttestError("io", "no room")).toBeInstanceOf(AttestError);
  for (const value of [new Error("no room"), { code: "io" }, null, "io"]) expect(value).not.toBeInstanceOf(AttestError);
});
