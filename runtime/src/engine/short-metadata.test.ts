import { describe, expect, it } from "vitest";
import { shortMetadata } from "./short-metadata.ts";

describe("what states tell of the last materialization", () => {
  it("is what the asset and the store recorded, without what the state says anyway", () => {
    expect(shortMetadata({ place: "main.sales", rows: 3, handler: "rows", bytes: 12, note: "ok", score: 0.5 })).toEqual({
      metadata: { bytes: 12, note: "ok", score: 0.5 },
    });
    expect(shortMetadata({ place: "main.sales", rows: 3 })).toEqual({});
    expect(shortMetadata(undefined)).toEqual({});
  });
  it("stays small, whatever was recorded", () => {
    let deep: unknown = "end";
    for (let i = 0; i < 100; i++) deep = { deep };
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`n${i}`, "x".repeat(100_000)]));
    const { metadata } = shortMetadata({ place: "p", lines: Array.from({ length: 100_000 }, (_, i) => ({ i })), deep, ...many });
    expect(Object.keys(metadata ?? {})).toHaveLength(20);
    expect(metadata?.["lines"]).toHaveLength(50);
    expect(JSON.stringify(metadata).length).toBeLessThan(60_000);
  });
});
