import { types } from "node:util";
import { deserialize, serialize } from "node:v8";
import type { Format } from "./format.ts";
import { describeValue, encoded, isPlainObject, pathStep } from "./plain.ts";

/** Built-in classes that structured clone keeps, by the check that no subclass and no fake passes. */
const kept: readonly (readonly [check: (value: unknown) => boolean, name: string])[] = [
  [types.isDate, "Date"],
  [types.isRegExp, "RegExp"],
  [types.isMap, "Map"],
  [types.isSet, "Set"],
  [types.isArrayBuffer, "ArrayBuffer"],
  [types.isNumberObject, "Number"],
  [types.isStringObject, "String"],
  [types.isBooleanObject, "Boolean"],
  [types.isBigIntObject, "BigInt"],
  [(value) => value instanceof DataView, "DataView"],
];
const errors = ["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"];
const arrays = [
  "Buffer",
  ...["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"].map((name) => `${name}Array`),
];
const errorParts = new Set<string | symbol>(["name", "message", "stack", "cause"]);

/** Whether structured clone brings an object of this class back as what it was, leaving aside what it holds. */
function keepsClass(value: object): boolean {
  if (Array.isArray(value)) return Object.getPrototypeOf(value) === Array.prototype;
  if (isPlainObject(value)) return Object.getPrototypeOf(value) !== null;
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name ?? "";
  if (types.isTypedArray(value)) return arrays.includes(name) && types.isArrayBuffer(value.buffer);
  if (types.isNativeError(value)) return errors.includes(name) && Reflect.ownKeys(value).every((key) => errorParts.has(key));
  return kept.some(([check, known]) => name === known && check(value));
}

/** What in a value structured clone would lose or refuse, as "value.a[3] is a function"; `undefined` when it keeps everything. */
export function cloneMistake(value: unknown): string | undefined {
  const seen = new Set<object>();
  const pending: (readonly [value: unknown, path: string])[] = [[value, "value"]];
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const [next, path] = entry;
    if (typeof next === "function" || typeof next === "symbol") return `${path} is ${describeValue(next)}`;
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    if (types.isProxy(next)) return `${path} is a Proxy`;
    if (!keepsClass(next)) return `${path} is ${describeValue(next)}`;
    if (types.isMap(next)) for (const [key, item] of next) pending.push([key, `${path} (a key)`], [item, `${path} (an item)`]);
    else if (types.isSet(next)) for (const item of next) pending.push([item, `${path} (an item)`]);
    else if (types.isNativeError(next)) pending.push([next.cause, `${path}.cause`]);
    else if (Array.isArray(next) || isPlainObject(next)) {
      for (const key of Reflect.ownKeys(next)) {
        if (Array.isArray(next) && key === "length") continue;
        const at =
          typeof key === "symbol" ? `${path}[${String(key)}]` : path + pathStep(Array.isArray(next) && /^\d+$/.test(key) ? Number(key) : key);
        const property = Object.getOwnPropertyDescriptor(next, key);
        if (typeof key === "symbol") return `${at} has a symbol for its name`;
        if (!property || !("value" in property)) return `${at} is computed by a getter`;
        if (!property.enumerable) return `${at} is not enumerable`;
        pending.push([property.value, at]);
      }
    }
  }
  return undefined;
}

/** Every other value that can be copied: `Map`, `Set`, `Date`, `bigint`, `undefined` in objects, cycles. */
export const structuredCloned: Format = {
  name: "structured-clone",
  extension: "v8",
  accepts: (value) => cloneMistake(value) === undefined,
  write: async (value, sink) => sink.write(encoded("structured clone", () => serialize(value))),
  read: async (source) => deserialize(await source.bytes()) as unknown,
};
