import { inspect, isDeepStrictEqual } from "node:util";
import { type ErrorCode, isSluiceError, type SluiceError } from "../model/errors.ts";

/* Assertions that need no test runner. */

const shown = (value: unknown): string => inspect(value, { depth: 6, breakLength: 120, maxArrayLength: 20, maxStringLength: 200 });

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Where two values first differ; `undefined` when they are equal. Values of `Uint8Array` and `Buffer` compare by bytes. */
function difference(actual: unknown, expected: unknown, path = ""): string | undefined {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    if (actual.length !== expected.length) return `${path} has ${actual.length} items, expected ${expected.length}`;
    for (let i = 0; i < expected.length; i += 1) {
      const found = difference(actual[i], expected[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return isDeepStrictEqual(actual, expected) ? undefined : `${path} is ${shown(actual)}, expected ${shown(expected)}`;
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected);
  if (found !== undefined) throw new Error(`${what}${found}`);
}

/** The error of a call that must fail with that code. */
export async function expectError(work: () => Promise<unknown>, code: ErrorCode, what: string): Promise<SluiceError> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (isSluiceError(error) && error.code === code) return error;
    throw new Error(`${what}: expected ${code}, and it threw ${isSluiceError(error) ? error.code : ""} ${shown(error)}`, { cause: error });
  }
  throw new Error(`${what}: expected ${code}, and it gave ${shown(result)}`);
}
