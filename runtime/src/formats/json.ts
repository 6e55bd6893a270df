import type { Format } from "./format.ts";
import { encoded, isPlainObject } from "./plain.ts";

/** Longer texts are written without line breaks. */
const readable = 1 << 20;

/**
 * True when `JSON.parse(JSON.stringify(value))` gives an equal value: no `undefined`, `-0`, `NaN`, holes, classes or `toJSON`, and no
 * object that occurs twice, which would come back as two.
 */
export function jsonKeeps(value: unknown): boolean {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (next === null || typeof next === "boolean" || typeof next === "string") continue;
    if (typeof next === "number") {
      if (!Number.isFinite(next) || Object.is(next, -0)) return false;
      continue;
    }
    if (typeof next !== "object" || seen.has(next)) return false;
    seen.add(next);
    if (Array.isArray(next)) {
      if (Object.getPrototypeOf(next) !== Array.prototype || Reflect.ownKeys(next).length !== next.length + 1) return false;
      for (const item of next) pending.push(item);
      continue;
    }
    if (!isPlainObject(next) || Object.getPrototypeOf(next) === null || typeof next["toJSON"] === "function") return false;
    for (const key of Reflect.ownKeys(next)) {
      const property = Object.getOwnPropertyDescriptor(next, key);
      if (typeof key === "symbol" || !property?.enumerable || !("value" in property)) return false;
      pending.push(property.value);
    }
  }
  return true;
}

/** Values that JSON keeps exactly. */
export const json: Format = {
  name: "json",
  extension: "json",
  accepts: jsonKeeps,
  write: async (value, sink) => {
    const text = encoded("JSON", () => {
      const compact = JSON.stringify(value);
      return compact.length < readable ? JSON.stringify(value, null, 2) : compact;
    });
    await sink.write(Buffer.from(`${text}\n`));
  },
  read: async (source) => JSON.parse(Buffer.from(await source.bytes()).toString("utf8")) as unknown,
};
