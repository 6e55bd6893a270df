import { isPlainObject } from "./plain.ts";

/** Freezes arrays and plain objects, and those inside of them, so that a shared value cannot be changed by one of its readers. Other objects stay as they are. */
export function freezePlain<Value>(value: Value): Value {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    if (!Array.isArray(next) && !isPlainObject(next)) continue;
    seen.add(next);
    Object.freeze(next);
    for (const item of Object.values(next)) if (typeof item === "object" && item !== null) pending.push(item);
  }
  return value;
}
