/** When a cron expression is due, on wall clocks. */
export interface Cron {
  readonly isDay: (wall: number) => boolean;
  /** Times of a day that it is due on, as milliseconds after midnight, in order. */
  readonly times: readonly number[];
  /** It is due in every hour, so that an hour that comes twice is due twice; one that does not occur is left out. */
  readonly everyHour: boolean;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly { readonly name: string; readonly from: number; readonly to: number; readonly names?: readonly string[] }[] = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of the month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12, names: months },
  { name: "day of the week", from: 0, to: 7, names: weekdays },
];

/** Reads five fields with lists, ranges, steps and English names. Throws `Error` saying which field is wrong. */
export function parseCron(expression: string): Cron {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== fields.length) throw new Error(`it has ${texts.length} fields where five are needed`);
  const [minutes, hours, dates, inMonths, onDays] = texts.map((text, index) => values(text, fields[index]!));
  if (onDays!.has(7)) onDays!.add(0);
  const anyDate = /^[*?]$/.test(texts[2]!);
  const anyDay = /^[*?]$/.test(texts[4]!);
  const times = [...hours!].flatMap((hour) => [...minutes!].map((minute) => (hour * 60 + minute) * 60_000));
  return {
    isDay: (wall) => {
      const at = new Date(wall);
      if (!inMonths!.has(at.getUTCMonth() + 1)) return false;
      const date = dates!.has(at.getUTCDate());
      const weekday = onDays!.has(at.getUTCDay());
      // As cron has always done it: with both given, one of them is enough.
      return anyDate || anyDay ? date && weekday : date || weekday;
    },
    times: times.sort((a, b) => a - b),
    everyHour: hours!.size === 24,
  };
}

function values(text: string, { name, from, to, names }: (typeof fields)[number]): Set<number> {
  const wrong = (part: string) => new Error(`"${part}" is no ${name}`);
  const number = (part: string): number => {
    const named = names?.indexOf(part.toLowerCase()) ?? -1;
    const value = named < 0 ? Number(part) : named + (names === months ? 1 : 0);
    if (part === "" || !Number.isInteger(value) || value < from || value > to) throw wrong(part);
    return value;
  };
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, more] = part.split("/");
    const by = step === undefined ? 1 : Number(step);
    if (more !== undefined || !Number.isInteger(by) || by < 1 || step === "") throw wrong(part);
    const [first = "", last, extra] = range.split("-");
    if (extra !== undefined) throw wrong(part);
    const any = range === "*" || range === "?";
    const low = any ? from : number(first);
    const high = any ? (to === 7 ? 6 : to) : last !== undefined ? number(last) : step === undefined ? low : to === 7 ? 6 : to;
    if (low > high) throw wrong(part);
    for (let value = low; value <= high; value += by) found.add(value);
  }
  return found;
}
