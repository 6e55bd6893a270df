import { expect, it } from "vitest";
import { isKind } from "../io/manager.ts";
import {
  cronPartitions,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  isPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from "./partitions.ts";

it("records grain, bounds, zone and place", () => {
  expect(dailyPartitions({ start: "2026-01-01", column: "day" })).toMatchObject({
    grain: "day",
    start: "2026-01-01",
    timezone: "UTC",
    column: "day",
  });
  expect(hourlyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin", end: "2027-01-01" })).toMatchObject({
    timezone: "Europe/Berlin",
    end: "2027-01-01",
  });
  expect([weeklyPartitions({ start: "2026-01-01" }).grain, monthlyPartitions({ start: "2026-01" }).grain]).toEqual(["week", "month"]);
  expect(cronPartitions({ start: "2026-01-01", cron: "0 6 * * 1-5" })).toMatchObject({ grain: "cron", cron: "0 6 * * 1-5" });
  expect(isKind(dynamicPartitions("customers"), "dynamic")).toBe(true);
  expect(staticPartitions(["eu", "us"], { column: "region" })).toMatchObject({ keys: ["eu", "us"], column: "region" });
});

it("is recognised, whichever kind it is", () => {
  const [days, regions] = [dailyPartitions({ start: "2026-01-01" }), staticPartitions(["eu"])];
  const grid = multiPartitions({ date: days, region: regions });
  expect(grid.dimensions).toEqual({ date: days, region: regions });
  for (const partitions of [days, regions, dynamicPartitions("c"), grid]) expect(isPartitions(partitions)).toBe(true);
  for (const other of [undefined, null, {}, [], "day"]) expect(isPartitions(other)).toBe(false);
});

it.each([
  ["a start that is no date", () => dailyPartitions({ start: "yesterday" }), /start/],
  ["an end that is no date", () => dailyPartitions({ start: "2026-01-01", end: "2026-13-01" }), /end/],
  ["an unknown zone", () => dailyPartitions({ start: "2026-01-01", timezone: "Mars/Olympus" }), /Mars\/Olympus/],
  ["a misspelt option", () => dailyPartitions({ start: "2026-01-01", timezon: "UTC" } as never), /"timezon"/],
  ["a cron expression of four fields", () => cronPartitions({ start: "2026-01-01", cron: "0 6 * *" }), /cron/],
  ["no keys", () => staticPartitions([]), /no keys/],
  ["a key twice", () => staticPartitions(["a", "a"]), /twice/],
  ["an empty key", () => staticPartitions([""]), /""/],
  ["dynamic partitions without a name", () => dynamicPartitions(""), /name/],
  ["no dimensions", () => multiPartitions({}), /no dimensions/],
  ["a dimension that is none", () => multiPartitions({ a: {} as never }), /"a"/],
])("refuses %s", (_, define, says) => {
  expect(define).toThrow(says);
  expect(define).toThrow(expect.objectContaining({ code: "config/invalid" }));
});
