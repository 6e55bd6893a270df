import type { RunEvent } from "../../runtime/src/model/events.ts";
import type { IndexedAsset, IndexedEdge, Manifest, ManifestAsset, Range } from "../../runtime/src/model/graph.ts";

/** Builders for tests of the graph. */
export const rangeAt = (line: number, lines = 3): Range => ({ start: { line, character: 0 }, end: { line: line + lines, character: 2 } });

export const uriOf = (file: string) => `file://${file}`;
export const salesUri = "file:///p/assets/sales.ts";

export const edge = (key: string, input?: string): IndexedEdge => ({ key, text: key, range: rangeAt(0), ...(input === undefined ? {} : { input }) });

export function indexed(key: string | undefined, line: number, more: Partial<IndexedAsset> = {}): IndexedAsset {
  return {
    id: `${more.uri ?? salesUri}#${key ?? more.name ?? line}`,
    kind: "asset",
    uri: salesUri,
    range: rangeAt(line),
    keyRange: { start: { line, character: 20 }, end: { line, character: 30 } },
    upstream: [],
    ...(key === undefined ? {} : { key }),
    ...more,
  };
}

export function loaded(key: string, more: Partial<ManifestAsset> = {}): ManifestAsset {
  return { key, kind: "asset", kinds: [], tags: {}, owners: [], inputs: [], deps: [], ioManager: "ioManager", partitioned: false, ...more };
}

export const manifestOf = (assets: readonly ManifestAsset[], more: Partial<Manifest> = {}): Manifest => ({
  root: "/p",
  targets: [{ name: "local", protected: false, bindings: { ioManager: "duckdb" } }],
  defaultTarget: "local",
  assets,
  errors: [],
  library: { version: "0.1.0", installed: false },
  ...more,
});

/** Events of one run with one step per asset; times count up from 1,000. */
export function runEvents(runId: string, keys: readonly string[]) {
  let at = 1000;
  const stamp = () => ({ runId, at: at++ });
  return {
    queued: (selection = "*"): RunEvent => ({
      ...stamp(),
      type: "run-queued",
      target: "local",
      selection,
      plan: keys.map((key) => ({ step: key, assets: [key], after: [] })),
    }),
    started: (step: string): RunEvent => ({ ...stamp(), type: "step-started", step, attempt: 1 }),
    progress: (step: string, done: number, total?: number): RunEvent => ({
      ...stamp(),
      type: "progress",
      step,
      done,
      ...(total === undefined ? {} : { total }),
    }),
    materialized: (asset: string, rows: number): RunEvent => ({
      ...stamp(),
      type: "materialized",
      step: asset,
      asset,
      record: { version: 1, key: asset, handler: "rows", runId, step: asset, attempt: 1, dataVersion: "d", storedAt: "2026-01-01T00:00:00Z", rows },
      metadata: { place: `data/${asset}.parquet` },
    }),
    done: (step: string): RunEvent => ({ ...stamp(), type: "step-finished", step, ms: 10 }),
    failed: (step: string, message = "boom"): RunEvent => ({
      ...stamp(),
      type: "step-failed",
      step,
      attempt: 1,
      ms: 5,
      error: { code: "run/failed", message, thrown: "TypeError", place: { file: "/p/assets/sales.ts", line: 12, column: 5 } },
    }),
    skipped: (step: string, because: string): RunEvent => ({ ...stamp(), type: "step-skipped", step, reason: "upstream-failed", because }),
    runStarted: (): RunEvent => ({ ...stamp(), type: "run-started" }),
    runFinished: (): RunEvent => ({ ...stamp(), type: "run-finished", ms: 50 }),
    runFailed: (): RunEvent => ({ ...stamp(), type: "run-failed", ms: 50 }),
  };
}
