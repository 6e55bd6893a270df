const two = (value: number): string => String(value).padStart(2, "0");
const four = (value: number): string => String(value).padStart(4, "0");

/** "2026-01-31" of a wall time. */
export function dateText(wall: number): string {
  const at = new Date(wall);
  return `${four(at.getUTCFullYear())}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
}
/** "05:30" of a wall time. */
export function timeText(wall: number): string {
  const at = new Date(wall);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}
/** "2026-01-31 05:30:00" of a wall time. */
export const naiveText = (wall: number): string => `${dateText(wall)} ${timeText(wall)}:${two(new Date(wall).getUTCSeconds())}`;
/** "2026-01-31T04:30:00Z" of an instant. */
export const instantText = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;
/** "+02:00" of milliseconds. */
export function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export interface WrittenTime {
  readonly wall: number;
  readonly offset?: number;
  /** The least part that is written. */
  readonly precision: "month" | "day" | "time";
}

/** A time as people write it: ISO 8601 down to any of its parts, or with "-" before the hour as in keys. Wall time in ms; `offset` in ms. */
export function parseTime(text: string): WrittenTime | undefined {
  const found = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T -](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?)?(Z|[+-]\d{2}:\d{2})?$/i.exec(text.trim());
  if (!found) return undefined;
  const [, year, month, date = "01", hour = "00", minute = "00", second = "00", fraction = "0", zone] = found;
  const wall =
    Date.UTC(Number(year), Number(month) - 1, Number(date), Number(hour), Number(minute), Number(second)) + Math.floor(Number(fraction) * 1000);
  // Such as February 31st, which would be read as March 3rd.
  if (dateText(wall) !== `${year}-${month}-${date}` || timeText(wall) !== `${hour}:${minute}`) return undefined;
  const precision = found[3] === undefined ? "month" : found[4] === undefined ? "day" : "time";
  if (zone === undefined) return { wall, precision };
  const sign = zone.startsWith("-") ? -1 : 1;
  const offset = /z/i.test(zone) ? 0 : sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;
  return { wall, offset, precision };
}
