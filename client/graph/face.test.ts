import { describe, expect, it } from "vitest";
import type { AssetStatus } from "../../runtime/src/model/graph.ts";
import { plainWords } from "../words.ts";
import { assetFace, type FaceFacts, unknownReasons } from "./face.ts";
import type { StepView } from "./run-state.ts";

const now = 1_000_000_000;
const face = (status: Partial<AssetStatus> | undefined, more: Partial<FaceFacts> = {}) =>
  assetFace(
    { node: { kind: "asset", known: "both" }, loaded: true, now, ...(status ? { status: { key: "a", state: "fresh", ...status } } : {}), ...more },
    plainWords,
  );
const step = (more: Partial<StepView>): StepView => ({ step: "a", assets: ["a"], state: "running", ...more });

describe("what a tree line says about an asset", () => {
  it.each([
    [{ state: "fresh", rows: 1_240_000, storedAt: now - 120_000 }, "fresh", "1.24 M rows · 2 min ago"],
    [{ state: "stale", reason: "clean_sales changed", rows: 3 }, "stale", "stale: clean_sales changed · 3 rows"],
    [
      { state: "failed", error: { code: "run/failed", message: "boom", thrown: "TypeError" }, failedAt: now - 12_000 },
      "failed",
      "failed: TypeError · 12 s ago",
    ],
    [{ state: "failed", error: { code: "io/locked", message: "held" } }, "failed", "failed: io/locked"],
    [{ state: "missing" }, "missing", "never materialized"],
    [{ state: "unknown", reason: "the store does not answer" }, "unknown", "state unknown"],
  ] as const)("%o", (status, state, words) => {
    expect(face(status)).toMatchObject({ state, words });
  });

  it("says nothing about a state it does not know", () => expect(face(undefined)).toMatchObject({ state: "unknown", words: "" }));

  it("shows a run before the stored state, with its progress", () => {
    expect(face({ state: "failed" }, { step: step({ progress: { done: 1, total: 3 } }) })).toMatchObject({
      state: "running",
      words: "running… 33 %",
    });
    expect(face({}, { step: step({ progress: { done: 12_000 } }) }).words).toBe("running… 12,000");
    expect(face({}, { step: step({ state: "waiting" }) })).toMatchObject({ state: "waiting", words: "waits for its turn" });
  });

  it("shows the stored state again when the step is over", () => {
    expect(face({ rows: 2 }, { step: step({ state: "done" }) })).toMatchObject({ state: "fresh", words: "2 rows" });
  });

  it("calls a source external, never missing", () => {
    expect(face({ state: "missing" }, { node: { kind: "source", known: "both" } })).toMatchObject({ state: "external" });
  });

  it("says when only the source text knows the asset, or only the last load that worked", () => {
    expect(face(undefined, { node: { kind: "asset", known: "index" } }).words).toBe("not loaded");
    expect(face(undefined, { node: { kind: "asset", known: "index" }, loaded: false }).words).toBe("");
    expect(face({ rows: 2 }, { node: { kind: "asset", known: "last-load" } }).words).toBe("2 rows · as it was when the project last loaded");
  });

  it("leaves the reasons of unknown states to the view, each of them once", () => {
    const held = { state: "unknown", reason: "held by node (process 7)" } as const;
    expect(
      unknownReasons([
        { key: "a", ...held },
        { key: "b", state: "fresh" },
        { key: "c", ...held },
        { key: "d", state: "unknown" },
      ]),
    ).toEqual([held.reason]);
  });

  it("asks where a state could not be found out", () => {
    expect(face({ state: "unknown", reason: "the store does not answer" }).icon).toBe("question");
    expect(face(undefined).icon).toBe("circle-outline");
  });

  it("has a different icon for every state that differs in what to do", () => {
    const icons = [face({}), face({ state: "stale" }), face({ state: "failed" }), face({ state: "missing" }), face({}, { step: step({}) })].map(
      (one) => one.icon,
    );
    expect(new Set(icons).size).toBe(icons.length);
  });
});
