const day = 86_400_000;
/** Transitions closer together than this are not told apart: none are, since clocks follow the telegraph. */
const stride = 12 * day;

/** A span of time in which a zone's clocks differ from UTC by `offset`. All in milliseconds. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/** Wall clocks of one time zone. Instants are milliseconds since the epoch; wall times are what they would be if the clock showed UTC. */
export interface Zone {
  readonly name: string;
  /** What clocks show then. */
  readonly wall: (instant: number) => number;
  /** The first instant at which clocks show this time; where they skip it, the instant at which they skip. */
  readonly instant: (wall: number) => number;
  /** All instants at which clocks show this time: none where they skip it, two where they are put back. */
  readonly instants: (wall: number) => readonly number[];
  /** Whether clocks show the same time before or after that instant again. */
  readonly repeated: (instant: number) => boolean;
  /** Where a partition that begins at this instant begins for times without a zone: see `PartitionWindow.startLocal`. */
  readonly boundary: (instant: number) => number;
}

const zones = new Map<string, Zone>();

/** Clocks of an IANA time zone. Throws `RangeError` for a name that the platform does not know. */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const made = clocks(name, offsetsOf(name));
  zones.set(name, made);
  return made;
}

/** Difference of a zone's clocks from UTC at an instant. */
function offsetsOf(timeZone: string): (instant: number) => number {
  if (timeZone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const whole = Math.floor(instant / 1000) * 1000;
    const [month, date, year, hour, minute, second] = (format.format(whole).match(/\d+/g) ?? []).map(Number);
    return Date.UTC(year!, month! - 1, date, hour, minute, second) - whole;
  };
}

function clocks(name: string, offsetAt: (instant: number) => number): Zone {
  /** Spans between `known.from` and `known.to`, without gaps. */
  const spans: Span[] = [];
  /** Index of the span found last: whoever asks goes from one instant to the next. */
  let last = -1;

  /** The first instant after `from` at which the offset is no longer that of `from`; exact, given that it is not at `to`. */
  function transition(from: number, to: number): number {
    const before = offsetAt(from);
    let low = Math.floor(from / 1000);
    let high = Math.ceil(to / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle * 1000) === before) low = middle;
      else high = middle;
    }
    return high * 1000;
  }

  function scan(from: number, to: number): readonly Span[] {
    const found: Span[] = [];
    let begin = from;
    let offset = offsetAt(from);
    for (let at = from; at < to; ) {
      const next = Math.min(at + stride, to);
      if (offsetAt(next) === offset) {
        at = next;
        continue;
      }
      at = transition(at, next);
      found.push({ from: begin, to: at, offset });
      begin = at;
      offset = offsetAt(at);
    }
    found.push({ from: begin, to, offset });
    return found;
  }

  /** Joins the spans on both sides of a border that is no transition. */
  function joined(left: readonly Span[], right: readonly Span[]): readonly Span[] {
    const a = left.at(-1);
    const b = right[0];
    if (!a || !b || a.offset !== b.offset) return [...left, ...right];
    return [...left.slice(0, -1), { from: a.from, to: b.to, offset: a.offset }, ...right.slice(1)];
  }

  function know(from: number, to: number): void {
    const first = spans[0]?.from;
    const end = spans.at(-1)?.to;
    const set = (next: readonly Span[]) => spans.splice(0, spans.length, ...next);
    if (first === undefined || end === undefined) set(scan(from - 400 * day, to + 400 * day));
    else {
      if (from < first) set(joined(scan(from - 400 * day, first), spans));
      if (to > end) set(joined(spans, scan(end, to + 400 * day)));
    }
  }

  /** Index of the span that an instant lies in. */
  function find(instant: number): number {
    const near = spans[last];
    if (near && instant >= near.from && instant < near.to && last > 0 && last < spans.length - 1) return last;
    know(instant - 2 * day, instant + 2 * day);
    let low = 0;
    let high = spans.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (spans[middle]!.from <= instant) low = middle;
      else high = middle - 1;
    }
    last = low;
    return low;
  }

  /** The spans whose clocks may show a time. */
  function around(wall: number): readonly Span[] {
    return spans.slice(find(wall - 2 * day), find(wall + 2 * day) + 1);
  }

  return {
    name,
    wall: (instant) => instant + spans[find(instant)]!.offset,
    instant: (wall) => {
      for (const { from, to, offset } of around(wall)) {
        const at = wall - offset;
        if (at < to) return Math.max(at, from);
      }
      throw new RangeError(`no instant for ${wall} in ${name}`);
    },
    instants: (wall) => around(wall).flatMap(({ from, to, offset }) => (wall - offset >= from && wall - offset < to ? [wall - offset] : [])),
    repeated: (instant) => {
      const index = find(instant);
      const wall = instant + spans[index]!.offset;
      const [before, after] = [spans[index - 1], spans[index + 1]];
      return (before !== undefined && wall < before.to + before.offset) || (after !== undefined && wall >= after.from + after.offset);
    },
    boundary: (instant) => {
      const index = find(instant);
      const { from, offset } = spans[index]!;
      const before = spans[index - 1];
      const wall = instant + offset;
      if (!before) return wall;
      // Clocks put back: the wall times that come twice belong to their first pass. Put forward: those that never come, to what follows.
      const shown = from + before.offset;
      return wall < shown ? shown : instant === from ? Math.min(wall, shown) : wall;
    },
  };
}
