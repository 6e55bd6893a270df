import type { TimePartitions } from "../assets/partitions.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionWindow } from "../model/partition.ts";
import { type Cron, parseCron } from "./cron.ts";
import { dateText, instantText, naiveText, offsetText, parseTime, timeText } from "./wall-time.ts";
import { type Zone, zoneOf } from "./zone.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** Windows of a time definition in order. They are worked out as far as they are asked for, and kept. */
export interface TimeSeries {
  readonly zone: Zone;
  /** How many windows have ended by then. */
  readonly ended: (now: number) => number;
  /** How many have begun by then: those that have ended, and the one that is under way. */
  readonly begun: (now: number) => number;
  readonly start: (index: number) => number;
  readonly end: (index: number) => number;
  readonly key: (index: number) => string;
  /** The window that begins at the time that a text names; `undefined` when none does. */
  readonly index: (text: string) => number | undefined;
  /** Indices of the windows that overlap from `from` to before `to`: from the first to before the last. */
  readonly overlapping: (from: number, to: number) => readonly [first: number, last: number];
  readonly window: (index: number) => PartitionWindow;
}

const known = new WeakMap<TimePartitions, TimeSeries>();

/** Throws `config/invalid` for a start, an end or a cron expression that cannot be read. */
export function timeSeries(definition: TimePartitions): TimeSeries {
  const found = known.get(definition);
  if (found) return found;
  const made = seriesOf(definition);
  known.set(definition, made);
  return made;
}

function seriesOf(definition: TimePartitions): TimeSeries {
  const { grain } = definition;
  const dates = grain === "day" || grain === "week" || grain === "month";
  const zone = zoneOf(definition.timezone);
  const first = instantOf(definition.start, "start", zone);
  const last = definition.end === undefined ? Number.POSITIVE_INFINITY : instantOf(definition.end, "end", zone);
  const next = stepper(definition, zone);
  /** Where windows begin, and where the last of them ends. */
  const bounds: number[] = [];
  let walk: Iterator<number, void> | undefined;
  let complete = first >= last;

  /** Makes sure that the window an instant lies in is known, and where it ends. */
  function reach(instant: number): void {
    while (!complete && (bounds.length < 2 || bounds.at(-1)! <= instant)) {
      walk ??= next(first);
      const { value } = walk.next();
      if (value === undefined) {
        complete = true;
        return;
      }
      if (value < first) continue;
      bounds.push(value);
      // The first bound that is not before the end still says where the last window ends.
      if (value >= last) complete = true;
    }
  }
  const reachIndex = (index: number): void => {
    while (!complete && bounds.length < index + 2) reach(bounds.at(-1) ?? first);
  };
  /** How many bounds are at or before an instant. */
  function count(instant: number): number {
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle]! <= instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  const begun = (now: number): number => {
    reach(now);
    // The last bound ends a window and begins none, unless it is not known yet what follows it.
    return Math.min(count(now), Math.max(0, bounds.length - 1));
  };
  const start = (index: number): number => {
    reachIndex(index);
    return bounds[index] ?? Number.NaN;
  };
  const end = (index: number): number => start(index + 1);

  const key = (index: number): string => {
    const at = start(index);
    const wall = zone.wall(at);
    if (dates) return grain === "month" ? dateText(wall).slice(0, 7) : dateText(wall);
    const again = zone.repeated(at) ? offsetText(wall - at) : "";
    return `${dateText(wall)}-${timeText(wall)}${again}`;
  };

  return {
    zone,
    begun,
    ended: (now) => {
      reach(now);
      return Math.max(0, Math.min(count(now), bounds.length) - 1);
    },
    start,
    end,
    key,
    index: (text) => {
      const time = parseTime(text);
      // The key of a month is no key of its first day, nor the other way round: several definitions may be asked for the same text.
      if (time?.precision !== (grain === "month" ? "month" : dates ? "day" : "time")) return undefined;
      const at = time.offset === undefined ? zone.instant(time.wall) : time.wall - time.offset;
      reach(at);
      const index = count(at) - 1;
      if (index < 0 || index > bounds.length - 2 || bounds[index] !== at) return undefined;
      if (time.offset !== undefined) return index;
      // Clocks may skip the midnight that a day would begin with, but no text names a day or an hour that they skip as a whole.
      const named = dates ? dateText(zone.wall(at)) === dateText(time.wall) : zone.wall(at) === time.wall;
      return named ? index : undefined;
    },
    overlapping: (from, to) => {
      reach(to);
      const low = Math.max(0, count(from) - 1);
      const high = Math.min(count(to - 1), Math.max(0, bounds.length - 1));
      return from < to && low < high ? [low, high] : [0, 0];
    },
    window: (index) => ({
      start: instantText(start(index)),
      end: instantText(end(index)),
      startLocal: naiveText(zone.boundary(start(index))),
      endLocal: naiveText(zone.boundary(end(index))),
      timezone: zone.name,
    }),
  };
}

function instantOf(text: string, what: string, zone: Zone): number {
  const time = parseTime(text);
  if (time) return time.offset === undefined ? zone.instant(time.wall) : time.wall - time.offset;
  throw new SluiceError("config/invalid", `The ${what} of the partitions is "${text}", which is no date.`, {
    hint: 'Write an ISO 8601 date or time, such as "2026-01-01" or "2026-01-01T06:00".',
  });
}

/** Goes through the instants at which windows begin, in order, from one that is not after the first. */
function stepper({ grain, cron }: TimePartitions, zone: Zone): (first: number) => Iterator<number, void> {
  if (grain === "hour") return (first) => hours(first, zone);
  if (grain === "cron") {
    const due = readCron(cron ?? "");
    return (first) => ticks(first, zone, due);
  }
  return (first) => dates(first, zone, grain);
}

function* hours(first: number, zone: Zone): Generator<number, void> {
  // Clocks may be put forward or back by half an hour.
  const onTheHour = (at: number) => at + ((hour - (((zone.wall(at) % hour) + hour) % hour)) % hour);
  for (let at = onTheHour(first); ; at = onTheHour(at + hour)) yield at;
}

function* dates(first: number, zone: Zone, grain: "day" | "week" | "month"): Generator<number, void> {
  const midnight = Math.floor(zone.wall(first) / day) * day;
  const at = new Date(midnight);
  // Weeks begin on Monday, as in ISO 8601. The epoch was a Thursday.
  const monday = midnight - ((((midnight / day + 3) % 7) + 7) % 7) * day;
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  let before = Number.NEGATIVE_INFINITY;
  for (let n = 0; ; n++) {
    const wall = grain === "month" ? Date.UTC(year, month + n, 1) : grain === "week" ? monday + n * 7 * day : midnight + n * day;
    const instant = zone.instant(wall);
    // A day that a zone left out on moving over the date line has no window.
    if (instant > before) yield instant;
    before = instant;
  }
}

/** Days looked through for the next time that a cron expression is due: some are due on February 29th of a certain weekday. */
const longest = 50 * 366;

function* ticks(first: number, zone: Zone, due: Cron): Generator<number, void> {
  let before = Number.NEGATIVE_INFINITY;
  let midnight = Math.floor(zone.wall(first) / day) * day;
  for (let idle = 0; idle < longest; idle++, midnight += day) {
    if (!due.isDay(midnight)) continue;
    const found = due.times.flatMap((time) => {
      const instants = zone.instants(midnight + time);
      if (due.everyHour) return instants;
      return instants.length === 0 ? [zone.instant(midnight + time)] : instants.slice(0, 1);
    });
    for (const instant of found.sort((a, b) => a - b)) {
      if (instant > before) yield instant;
      before = Math.max(before, instant);
    }
    idle = 0;
  }
}

function readCron(expression: string): Cron {
  try {
    return parseCron(expression);
  } catch (cause) {
    throw new SluiceError("config/invalid", `The cron expression "${expression}" of the partitions cannot be read: ${(cause as Error).message}.`, {
      hint: 'Write minute, hour, day of the month, month and day of the week, such as "0 6 * * 1-5".',
      cause,
    });
  }
}
