/** Metadata as plain data that JSON and structured clone both keep: dates as ISO text, large integers as text, functions and symbols left out. */
export function plain(value: unknown, depth = 8): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth === 0) return String(value);
  if (Array.isArray(value)) return value.map((each) => plain(each, depth - 1) ?? null);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  const entries = value instanceof Map ? [...value].map(([key, each]) => [String(key), each] as const) : Object.entries(value);
  const result: Record<string, unknown> = {};
  for (const [key, each] of entries) {
    const kept = plain(each, depth - 1);
    if (kept !== undefined) result[key] = kept;
  }
  return result;
}
