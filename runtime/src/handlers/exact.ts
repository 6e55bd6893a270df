/*
 * Conversions of one value into a column's type: exact or not at all. `undefined`: not that sort of value; `null`: it would be changed.
 */
type Exact<T> = T | null | undefined;

/** An integer from a number, a bigint or digits. */
export function toInteger(value: unknown): Exact<bigint> {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? BigInt(value.startsWith("+") ? value.slice(1) : value) : undefined;
}

/** A decimal without its point, from a text, a bigint or the shortest digits of a number. */
export function toDecimal(value: unknown, precision: number, scale: number): Exact<bigint> {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") return undefined;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i.exec(String(value));
  const whole = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (!match || whole + fraction === "") return typeof value === "string" ? undefined : null;
  const exponent = Number(match[4] ?? 0);
  const digits = (whole + fraction).replace(/^0+(?=\d)/, "");
  const shift = scale - fraction.length + exponent;
  if (shift > precision && digits !== "0") return null;
  const cut = shift < 0 ? digits.slice(shift).padStart(-shift, "0") : "";
  if (/[1-9]/.test(cut)) return null;
  const kept = shift < 0 ? digits.slice(0, shift) || "0" : digits + "0".repeat(digits === "0" ? 0 : shift);
  if (kept.replace(/^0+/, "").length > precision) return null;
  return match[1] === "-" ? -BigInt(kept) : BigInt(kept);
}

/** How DuckDB writes what lies beyond all dates. */
export const dateInfinity = 2_147_483_647;
export const timestampInfinity = 9_223_372_036_854_775_807n;

const day = 86_400_000;
/** Days since 1970 of a date of the calendar; `undefined` when there is no such date. */
function days(year: number, month: number, date: number): number | undefined {
  // DuckDB's dates reach further than JavaScript's: the calendar repeats every 400 years, 146,097 days
  const cycles = Math.floor(year / 400);
  const at = new Date(0);
  at.setUTCFullYear(year - cycles * 400, month - 1, date);
  const real = at.getUTCMonth() === month - 1 && at.getUTCDate() === date;
  const found = Math.round(at.getTime() / day) + cycles * 146_097;
  return real && Math.abs(found) <= dateInfinity ? found : undefined;
}
const calendar = "([+-]\\d{6,7}|\\d{4})-(\\d\\d)-(\\d\\d)";
const datePattern = new RegExp(`^${calendar}$`);
const clock = "(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,9}))?)?";
const timePattern = new RegExp(`^${clock}$`);
const timestampPattern = new RegExp(`^${calendar}(?:[T ]${clock})?\\s?(Z|[+-]\\d\\d(?::?\\d\\d)?)?$`, "i");

/** Days since 1970, from "YYYY-MM-DD" or a `Date` at midnight UTC. */
export function toDays(value: unknown): Exact<number> {
  if (value instanceof Date) {
    const ms = value.getTime();
    return Number.isNaN(ms) ? undefined : ms % day === 0 ? ms / day : null;
  }
  if (value === "infinity") return dateInfinity;
  if (value === "-infinity") return -dateInfinity;
  const match = typeof value === "string" ? datePattern.exec(value) : null;
  return match ? days(Number(match[1]), Number(match[2]), Number(match[3])) : undefined;
}

/** Nanoseconds since midnight of the parts of a clock pattern; `undefined` when there is no such time. */
function clockNanos([hour, minute, second, fraction]: readonly (string | undefined)[]): bigint | undefined {
  const [h, m, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000_000n + BigInt((fraction ?? "").padEnd(9, "0"));
}

/** Microseconds since midnight, from "HH:MM:SS.ffffff"; SQL's day ends at 24:00:00. */
export function toTimeMicros(value: unknown): Exact<bigint> {
  if (typeof value === "string" && /^24:00(:00(\.0*)?)?$/.test(value)) return 86_400_000_000n;
  const match = typeof value === "string" ? timePattern.exec(value) : null;
  const nanos = match ? clockNanos(match.slice(1, 5)) : undefined;
  return nanos === undefined ? undefined : nanos % 1000n === 0n ? nanos / 1000n : null;
}

export const perSecond = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n } as const;

/** Units since 1970 UTC, from a `Date` or a text in ISO 8601: with a zone for a zoned column, without one for another. */
export function toTimestamp(value: unknown, unit: keyof typeof perSecond, zoned: boolean): Exact<bigint> {
  let nanos: bigint;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined;
    nanos = BigInt(value.getTime()) * 1_000_000n;
  } else if (value === "infinity" || value === "-infinity") {
    return value === "infinity" ? timestampInfinity : -timestampInfinity;
  } else {
    const match = typeof value === "string" ? timestampPattern.exec(value) : null;
    if (!match || zoned !== (match[8] !== undefined)) return undefined;
    const date = days(Number(match[1]), Number(match[2]), Number(match[3]));
    const time = clockNanos(match.slice(4, 8));
    if (date === undefined || time === undefined) return undefined;
    nanos = BigInt(date) * 86_400_000_000_000n + time - zoneNanos(match[8]);
  }
  const size = 1_000_000_000n / perSecond[unit];
  const units = nanos / size;
  return nanos % size === 0n && BigInt.asIntN(64, units) === units ? units : null;
}

function zoneNanos(zone: string | undefined): bigint {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "");
  if (!match) return 0n;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return BigInt(match[1] === "-" ? -minutes : minutes) * 60_000_000_000n;
}

/** 16 bytes of a UUID's text, big-endian. */
export function toUuid(value: unknown): Exact<Uint8Array> {
  const hex = typeof value === "string" && /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value) ? value.replaceAll("-", "") : undefined;
  return hex === undefined ? undefined : new Uint8Array(Buffer.from(hex, "hex"));
}

/** A text from a text, a number, a bigint or a boolean: the digits that give the same number back. */
export function toText(value: unknown): Exact<string> {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : undefined;
}

/** A number from a number, or from a bigint or digits that it keeps. */
export function toFloat(value: unknown, bits: 32 | 64): Exact<number> {
  let number: number;
  if (typeof value === "number") number = value;
  else {
    const exact = toInteger(value);
    if (exact === undefined || exact === null) return exact;
    number = Number(exact);
    if (BigInt(number) !== exact) return null;
  }
  return bits === 64 || Object.is(Math.fround(number), number) || Number.isNaN(number) ? number : null;
}

/** A value for a message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (Array.isArray(value)) return "an array";
  if (ArrayBuffer.isView(value)) return "bytes";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
