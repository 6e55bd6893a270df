import { expect, it } from "vitest";
import { newRunId } from "./run-id.ts";

it("a run's id is a UUID of version 7 that holds the time and all else at random", () => {
  expect(newRunId(0x0190_abcd_ef12, Uint8Array.of(0x12, 0x3f, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23))).toBe(
    "0190abcd-ef12-7123-b456-789abcdef012",
  );
  expect(newRunId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(Array.from({ length: 1000 }, () => newRunId(1))).size).toBe(1000);
});

it("ids sort by time as text", () => {
  const times = [1, 2 ** 31, 1_800_000_000_000, 1_800_000_000_001, 4_102_444_800_000];
  const ids = times.map((time) => newRunId(time));
  expect([...ids].sort()).toEqual(ids);
});
