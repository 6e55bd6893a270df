import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { dailyPartitions } from "../runtime/src/assets/partitions.ts";
import { type FakeAsset, fakeProject } from "../runtime/src/engine/fixture.ts";
import { type History, noHistory, openHistory } from "../runtime/src/engine/history.ts";
import { executeRun, planRun } from "../runtime/src/engine/run.ts";
import { assetStatus } from "../runtime/src/engine/status.ts";
import type { SelectableAsset } from "../runtime/src/model/selection.ts";
import { selectAssets } from "../runtime/src/model/selection.ts";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Most it may be. */
  readonly target?: number;
}

const count = 10_000;

/** Trivial assets in layers of 100, each reading two of the layer before. */
function trivial(): Readonly<Record<string, FakeAsset>> {
  const list: Record<string, FakeAsset> = {};
  for (let i = 0; i < count; i++) {
    const above = i - 100;
    const inputs = above < 0 ? {} : { a: `asset_${above}`, b: `asset_${above - (above % 100) + ((above + 1) % 100)}` };
    list[`asset_${i}`] = { inputs, run: () => i };
  }
  return list;
}

const partitionCount = 5000;

/** Two assets of 5,000 partitions, the second made of the first, with a history and in a second run that finds everything fresh. */
async function partitioned(history: History): Promise<{ readonly backfill: number; readonly status: number }> {
  const start = "2010-01-01";
  const now = Date.parse(`${start}T00:00:00Z`) + partitionCount * 86_400_000;
  const partitions = dailyPartitions({ start, timezone: "Europe/Berlin" });
  const { project, target } = fakeProject({
    raw: { partitions, run: () => 1 },
    clean: { partitions, inputs: { raw: "raw" }, run: () => 2 },
  });
  const backfill = await timed(async () => {
    const plan = await planRun({ project, target, selection: "raw", partitions: [".."], now });
    await executeRun({ project, target, plan, history });
    const next = await planRun({ project, target, selection: "clean", partitions: [".."], now, history });
    const { state } = await executeRun({ project, target, plan: next, history });
    if (state !== "succeeded" || plan.steps.length < partitionCount - 1) throw new Error(`${state}: ${plan.steps.length} partitions`);
  });
  const status = await timed(() => assetStatus({ project, target, history, now }));
  return { backfill, status };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Overhead of the engine alone: the assets do nothing and are kept by reference. */
export async function run(): Promise<readonly Figure[]> {
  const list = trivial();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-bench-"));
  const history = openHistory(folder);
  try {
    const times = { plan: 0, execute: 0, recorded: 0, status: 0 };
    // The first round warms the compiler up; the second one counts.
    for (const _ of [1, 2]) {
      const { project, target } = fakeProject(list);
      let plan = await planRun({ project, target, selection: "*" });
      times.plan = await timed(async () => {
        plan = await planRun({ project, target, selection: "*" });
      });
      times.execute = await timed(() => executeRun({ project, target, plan, history: noHistory() }));
      times.recorded = await timed(() => executeRun({ project, target, plan, history }));
      times.status = await timed(() => assetStatus({ project, target, history }));
    }
    await partitioned(noHistory());
    const divided = await partitioned(history);
    const graph = Array.from({ length: count }, (_, i): SelectableAsset => {
      return {
        key: `asset_${i}`,
        upstream: i < 100 ? [] : [`asset_${i - 100}`],
        kinds: [],
        tags: {},
        owners: [],
        ioManager: "ioManager",
        group: `g${i % 7}`,
      };
    });
    const select = await timed(async () => selectAssets("+group:g3 and not sinks(*)", graph));
    const per = (ms: number) => ms / count;
    return [
      { name: "engine: plan and run, per trivial asset of 10,000", value: per(times.plan + times.execute), unit: "ms", target: 0.3 },
      { name: "engine: the same with history", value: per(times.plan + times.recorded), unit: "ms", target: 0.3 },
      {
        name: "engine: plan and run with history, per partition of 2 × 5,000",
        value: divided.backfill / (2 * partitionCount),
        unit: "ms",
        target: 0.3,
      },
      { name: "engine: states of 2 × 5,000 partitions", value: divided.status, unit: "ms" },
      { name: "engine: plan 10,000 assets", value: times.plan, unit: "ms" },
      { name: "engine: states of 10,000 assets", value: times.status, unit: "ms" },
      { name: "engine: a selection over 10,000 assets", value: select, unit: "ms" },
    ];
  } finally {
    history.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, value, unit, target } of await run()) {
    console.log(`${name}: ${value.toFixed(3)} ${unit}${target === undefined ? "" : ` (at most ${target})`}`);
  }
}
