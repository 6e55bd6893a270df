/** Levels of nesting, and values in all, that are kept. */
const most = { depth: 8, values: 100_000 };

/**
 * Metadata as plain data that JSON and structured clone both keep: dates as ISO text, large integers as text, functions and symbols left out. What is
 * nested too deep, also because it contains itself, is named and not gone into; beyond a hundred thousand values everything is.
 */
export function plain(value: unknown): unknown {
  let left = most.values;
  function walk(each: unknown, depth: number): unknown {
    left--;
    switch (typeof each) {
      case "string":
      case "boolean":
        return each;
      case "number":
        return Number.isFinite(each) ? each : String(each);
      case "bigint":
        return Number.isSafeInteger(Number(each)) ? Number(each) : String(each);
      case "object":
        break;
      default:
        return undefined;
    }
    if (each === null) return null;
    if (each instanceof Date) return Number.isNaN(each.getTime()) ? null : each.toISOString();
    if (depth === 0 || left <= 0) return nameOf(each);
    if (Array.isArray(each)) return each.map((item: unknown) => walk(item, depth - 1) ?? null);
    if (ArrayBuffer.isView(each)) return `${each.byteLength} bytes`;
    const entries = each instanceof Map ? Array.from(each, ([key, item]) => [nameOf(key), item] as const) : Object.entries(each);
    return Object.fromEntries(
      entries.flatMap(([key, item]) => {
        const kept = walk(item, depth - 1);
        return kept === undefined ? [] : [[key, kept]];
      }),
    );
  }
  return walk(value, most.depth);
}

/** Also of an object without a toString. */
const nameOf = (value: unknown): string => (typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value));
