import { Cron as Oracle } from "croner";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { cronPartitions, dailyPartitions, hourlyPartitions, monthlyPartitions, type TimePartitions, weeklyPartitions } from "../assets/partitions.ts";
import { type TimeSeries, timeSeries } from "./time-series.ts";
import { zoneOf } from "./zone.ts";

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Africa/Casablanca",
  "America/Havana",
];
const at = (text: string) => Date.parse(text);
const keys = (series: TimeSeries, now: number) => Array.from({ length: series.ended(now) }, (_, index) => series.key(index));
const far = at("2100-01-01T00:00:00Z");
const anyInstant = fc.integer({ min: at("2015-01-01T00:00:00Z"), max: at("2026-12-31T00:00:00Z") }).map((ms) => Math.floor(ms / 1000) * 1000);

describe("a zone's clocks", () => {
  test("show what the calendar library says, in both directions", () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyInstant, (name, instant) => {
        const zone = zoneOf(name);
        const there = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(name);
        const wall = there.toPlainDateTime().toZonedDateTime("UTC").epochMilliseconds;
        expect(zone.wall(instant)).toBe(wall);
        const first = there.toPlainDateTime().toZonedDateTime(name, { disambiguation: "earlier" }).epochMilliseconds;
        expect(zone.instant(wall)).toBe(first);
        expect(zone.instants(wall)).toContain(instant);
        expect(zone.repeated(instant)).toBe(zone.instants(wall).length > 1);
      }),
    );
  });
});

/** Windows as a calendar library gives them, one by one. */
function naive(definition: TimePartitions, until: number): readonly number[] {
  const zone = definition.timezone;
  const first = Temporal.PlainDateTime.from(definition.start).toZonedDateTime(zone);
  const found: number[] = [];
  let date = first.toPlainDate();
  if (definition.grain === "week") date = date.subtract({ days: date.dayOfWeek - 1 });
  if (definition.grain === "month") date = date.with({ day: 1 });
  const unit = definition.grain === "day" ? { days: 1 } : definition.grain === "week" ? { weeks: 1 } : { months: 1 };
  for (let n = 0; ; n++) {
    const step = Temporal.Duration.from(unit);
    const begin = date.add({ days: step.days * n, weeks: step.weeks * n, months: step.months * n }).toZonedDateTime(zone).epochMilliseconds;
    if (begin > until) return found;
    if (begin >= first.epochMilliseconds) found.push(begin);
  }
}

describe("days, weeks and months", () => {
  test("begin when the calendar library says that they begin", () => {
    const made = { day: dailyPartitions, week: weeklyPartitions, month: monthlyPartitions };
    const date = fc.integer({ min: 0, max: 4000 }).map((n) => new Date(at("2015-01-01T00:00:00Z") + n * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(fc.constantFrom("day", "week", "month"), fc.constantFrom(...zones), date, (grain, timezone, start) => {
        const definition = made[grain as "day"]({ start, timezone });
        const until = at(`${start}T00:00:00Z`) + 200 * 86_400_000;
        const series = timeSeries(definition);
        const expected = naive(definition, until);
        expect(Array.from({ length: series.begun(until) }, (_, index) => series.start(index))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
  test("have 23 and 25 hours when clocks change, and say so in windows without a zone too", () => {
    const series = timeSeries(dailyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin" }));
    const spring = series.index("2026-03-29")!;
    const autumn = series.index("2026-10-25")!;
    expect(series.window(spring)).toEqual({
      start: "2026-03-28T23:00:00Z",
      end: "2026-03-29T22:00:00Z",
      startLocal: "2026-03-29 00:00:00",
      endLocal: "2026-03-30 00:00:00",
      timezone: "Europe/Berlin",
    });
    expect(series.end(spring) - series.start(spring)).toBe(23 * 3_600_000);
    expect(series.end(autumn) - series.start(autumn)).toBe(25 * 3_600_000);
  });
  test("begin with the first moment of a day whose midnight does not occur, under that day's name", () => {
    const series = timeSeries(dailyPartitions({ start: "2018-11-01", end: "2018-11-07", timezone: "America/Sao_Paulo" }));
    expect(keys(series, far)).toEqual(["2018-11-01", "2018-11-02", "2018-11-03", "2018-11-04", "2018-11-05", "2018-11-06"]);
    expect(series.window(series.index("2018-11-04")!)).toMatchObject({ start: "2018-11-04T03:00:00Z", startLocal: "2018-11-04 00:00:00" });
  });
  test("leave out a day that a zone left out", () => {
    const series = timeSeries(dailyPartitions({ start: "2011-12-28", end: "2012-01-02", timezone: "Pacific/Apia" }));
    expect(keys(series, far)).toEqual(["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]);
    expect(series.index("2011-12-30")).toBeUndefined();
  });
});

describe("hours", () => {
  const series = timeSeries(hourlyPartitions({ start: "2026-03-29", end: "2026-10-26", timezone: "Europe/Berlin" }));
  test("skip the hour that clocks skip", () => {
    expect(keys(series, far).slice(0, 4)).toEqual(["2026-03-29-00:00", "2026-03-29-01:00", "2026-03-29-03:00", "2026-03-29-04:00"]);
    expect(series.index("2026-03-29-02:00")).toBeUndefined();
  });
  test("tell the hour that comes twice by its offset, and give rows without a zone to the first", () => {
    const again = keys(series, far).filter((key) => key.startsWith("2026-10-25-0") && /0[123]:00/.test(key));
    expect(again).toEqual(["2026-10-25-01:00", "2026-10-25-02:00+02:00", "2026-10-25-02:00+01:00", "2026-10-25-03:00"]);
    const [first, second] = [series.index("2026-10-25-02:00+02:00")!, series.index("2026-10-25-02:00+01:00")!];
    expect(second).toBe(first + 1);
    expect(series.index("2026-10-25-02:00")).toBe(first);
    expect(series.window(first)).toMatchObject({ startLocal: "2026-10-25 02:00:00", endLocal: "2026-10-25 03:00:00" });
    expect(series.window(second)).toMatchObject({ startLocal: "2026-10-25 03:00:00", endLocal: "2026-10-25 03:00:00" });
  });
  test("follow clocks that are put back by half an hour", () => {
    const lord = timeSeries(hourlyPartitions({ start: "2026-04-05", end: "2026-04-05T04:00", timezone: "Australia/Lord_Howe" }));
    expect(keys(lord, far)).toEqual(["2026-04-05-00:00", "2026-04-05-01:00", "2026-04-05-02:00", "2026-04-05-03:00"]);
    expect(lord.end(1) - lord.start(1)).toBe(5_400_000);
  });
});

describe("every time definition", () => {
  const definition = fc
    .record({
      make: fc.constantFrom("hour", "day", "week", "month", "cron"),
      timezone: fc.constantFrom(...zones),
      start: anyInstant.map((ms) => new Date(ms).toISOString().slice(0, 16)),
    })
    .map(({ make, ...options }) => {
      if (make === "cron") return cronPartitions({ ...options, cron: "15 */7 * * *" });
      return { hour: hourlyPartitions, day: dailyPartitions, week: weeklyPartitions, month: monthlyPartitions }[make as "day"](options);
    });
  test("has windows that follow each other, keys that give them back, and naive windows that do the same", () => {
    fc.assert(
      fc.property(definition, fc.integer({ min: 0, max: 400 }), (made, index) => {
        const series = timeSeries(made);
        const [here, next] = [series.window(index), series.window(index + 1)];
        expect(series.start(index)).toBeLessThan(series.end(index));
        expect(here.end).toBe(next.start);
        expect(here.endLocal).toBe(next.startLocal);
        expect(here.startLocal <= here.endLocal).toBe(true);
        expect(series.index(series.key(index))).toBe(index);
        expect(series.begun(series.start(index))).toBe(index + 1);
        expect(series.begun(series.start(index) - 1)).toBe(index);
        expect(series.ended(series.end(index))).toBe(index + 1);
        expect(series.ended(series.end(index) - 1)).toBe(index);
        expect(series.overlapping(series.start(index), series.end(index))).toEqual([index, index + 1]);
        expect(series.overlapping(series.start(index) + 1, series.end(index) + 1)).toEqual([index, index + 2]);
      }),
      { numRuns: 200 },
    );
  });
  test("ends before its end, and begins with the first window that begins at its start or later", () => {
    const months = timeSeries(monthlyPartitions({ start: "2026-01-15", end: "2026-04-01" }));
    expect(keys(months, far)).toEqual(["2026-02", "2026-03"]);
    expect(months.index("2026-01")).toBeUndefined();
    expect(months.index("2026-02")).toBe(0);
    expect(months.index("2026-02-01")).toBeUndefined();
    expect(months.index("2026-02-31")).toBeUndefined();
    expect(months.index("soon")).toBeUndefined();
    const weeks = timeSeries(weeklyPartitions({ start: "2026-01-01", end: "2026-01-13" }));
    expect(keys(weeks, far)).toEqual(["2026-01-05", "2026-01-12"]);
    expect(keys(timeSeries(dailyPartitions({ start: "2026-01-02", end: "2026-01-02" })), far)).toEqual([]);
  });
  test("is quick to ask, however long it is", () => {
    const started = performance.now();
    const series = timeSeries(hourlyPartitions({ start: "2016-01-01", timezone: "America/New_York" }));
    expect(keys(series, at("2026-01-01T00:00:00Z")).length).toBe(87_667);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe("cron", () => {
  test("is due when another implementation says so", () => {
    const part = (from: number, to: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min: from, max: to }).map(String),
        fc.tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
      );
    const expression = fc.tuple(part(0, 59), part(0, 23), part(1, 28), part(1, 12), part(0, 6)).map((parts) => parts.join(" "));
    fc.assert(
      fc.property(expression, (cron) => {
        const series = timeSeries(cronPartitions({ start: "2026-01-01", cron }));
        const oracle = new Oracle(cron, { timezone: "UTC", paused: true });
        const expected = oracle.nextRuns(12, new Date(at("2026-01-01T00:00:00Z") - 1)).map((date) => date.getTime());
        expect(expected.map((_, index) => series.start(index))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
  test("runs once where clocks change, unless it is due every hour", () => {
    const starts = (cron: string, start: string, count: number) => {
      const series = timeSeries(cronPartitions({ start, cron, timezone: "Europe/Berlin" }));
      return Array.from({ length: count }, (_, index) => series.key(index));
    };
    expect(starts("30 2 * * *", "2026-10-24", 3)).toEqual(["2026-10-24-02:30", "2026-10-25-02:30+02:00", "2026-10-26-02:30"]);
    expect(starts("30 2 * * *", "2026-03-28", 3)).toEqual(["2026-03-28-02:30", "2026-03-29-03:00", "2026-03-30-02:30"]);
    expect(starts("30 * * * *", "2026-10-25T02:00", 3)).toEqual(["2026-10-25-02:30+02:00", "2026-10-25-02:30+01:00", "2026-10-25-03:30"]);
    expect(starts("30 * * * *", "2026-03-29T01:00", 2)).toEqual(["2026-03-29-01:30", "2026-03-29-03:30"]);
  });
  test("takes names and refuses what it cannot read, saying what", () => {
    expect(timeSeries(cronPartitions({ start: "2026-01-01", cron: "0 6 * jan mon-fri" })).key(0)).toBe("2026-01-01-06:00");
    const reading = (cron: string) => () => timeSeries(cronPartitions({ start: "2026-01-01", cron }));
    expect(reading("0 25 * * *")).toThrow('The cron expression "0 25 * * *" of the partitions cannot be read: "25" is no hour.');
    expect(reading("0 6 * * L")).toThrow('"L" is no day of the week');
    expect(reading("*/0 6 * * *")).toThrow('"*/0" is no minute');
  });
});
