import { types } from "node:util";
import { SluiceError } from "../model/errors.ts";

/** True for what an object literal makes, of this or another realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  // a proxy may say that it lacks what it answers
  if ((value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] !== undefined) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf") && !types.isProxy(value);
}

/** A value's type for messages: "a function", "an instance of Shop". */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  if (Array.isArray(value)) return "an array";
  if (isPlainObject(value)) return "an object";
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object of an unknown class";
}

/** `value.a[3]["b c"]`, for messages. */
export const pathStep = (key: string | number): string =>
  typeof key === "number" ? `[${key}]` : /^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

/** Encodes a value; what is nested too deeply or too long for the encoder is `io/unsupported-value`. */
export function encoded<Result>(format: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new SluiceError("io/unsupported-value", `The value is nested too deeply, or too long, to be stored as ${format}: ${cause.message}`, {
      hint: "Return it as rows, batches or bytes.",
      cause,
    });
  }
}
