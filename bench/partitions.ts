// Thousands of partitions of one asset: what the engine adds, and what a DuckDB table of slices takes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dailyPartitions } from "../runtime/src/assets/partitions.ts";
import { batchesOf } from "../runtime/src/engine/batches.ts";
import { type FakeAsset, fakeProject, type MemoryManager } from "../runtime/src/engine/fixture.ts";
import { buildGraph } from "../runtime/src/engine/graph.ts";
import { noHistory, openHistory } from "../runtime/src/engine/history.ts";
import { executeRun, planRun } from "../runtime/src/engine/run.ts";
import { assetStatus, readStates } from "../runtime/src/engine/status.ts";
import { duckdb } from "../runtime/src/io/duckdb.ts";
import type { AnyIOManager } from "../runtime/src/io/manager.ts";
import { type BenchOptions, cpuFigure, type Figure, spent, wallFigure } from "./support/figures.ts";

const start = "2010-01-01";
const now = (count: number) => Date.parse(`${start}T00:00:00Z`) + count * 86_400_000;
const partitions = dailyPartitions({ start, column: "day" });

interface Case {
  readonly count: number;
  readonly folder: string;
  readonly assets: Readonly<Record<string, FakeAsset>>;
  /** Memory when left out. */
  readonly io?: AnyIOManager;
  /** Partitions of one run; all in one when left out. */
  readonly batch?: number;
}

/** Plans and runs the last of the assets, all its partitions; in the memory of the process, nothing is recorded before. */
async function backfill({ count, folder, assets, io, batch }: Case) {
  const { project, target } = fakeProject(assets, io ? { manager: io as MemoryManager } : {});
  const history = openHistory(mkdtempSync(join(folder, "history-")), { now: () => now(count) });
  const options = { project, target, history, now: now(count) };
  const selection = Object.keys(assets).at(-1) as string;
  const run = async (chosen: readonly string[]) => {
    const plan = await planRun({ ...options, selection, partitions: chosen });
    const { state } = await executeRun({ ...options, plan });
    if (state !== "succeeded") throw new Error(`A run of ${plan.steps.length} steps ${state}.`);
  };
  try {
    for (const upstream of Object.keys(assets).slice(0, -1)) {
      const plan = await planRun({ ...options, selection: upstream, partitions: [".."] });
      await executeRun({ ...options, plan, history: noHistory() });
    }
    const plan = await spent(() => planRun({ ...options, selection, partitions: [".."] }));
    const runs = await spent(async () => {
      if (batch === undefined) return run([".."]);
      const whole = await planRun({ ...options, selection, partitions: [".."] });
      for (const part of batchesOf(buildGraph(project), whole, batch)) await run(part);
    });
    const again = await spent(() => planRun({ ...options, selection, partitions: [".."], missing: true }));
    const states = await spent(() => assetStatus(options));
    const listed = await spent(async () => {
      const found = (await readStates({ ...options, keys: [selection] })).partitionsOf(selection);
      const stored = found.filter(({ state }) => state === "fresh").length;
      if (stored < count - 1) throw new Error(`${stored} of ${count} partitions are fresh.`);
    });
    return { plan, runs, again, states, listed };
  } finally {
    history.close();
  }
}

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const count = quick ? 500 : 5000;
  const single = quick ? 100 : 1000;
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-partitions-"));
  const label = `${count.toLocaleString("en")} partitions`;
  const rows = Array.from({ length: 20 }, (_, i) => ({ id: i, amount: i / 4 }));
  const day = (context: { readonly partition?: { readonly key: string } | undefined }) => context.partition?.key ?? "";
  const daily: FakeAsset = {
    partitions,
    run: (_: unknown, context: Parameters<typeof day>[0]) => rows.map((row) => ({ day: day(context), ...row })),
  } as FakeAsset;
  const ranged: FakeAsset = {
    partitions,
    range: true,
    run: (_: unknown, context: { readonly partitions: readonly { readonly key: string }[] }) =>
      context.partitions.flatMap(({ key }) => rows.map((row) => ({ day: key, ...row }))),
  } as unknown as FakeAsset;
  const stored = async (count: number, assets: Readonly<Record<string, FakeAsset>>, batch?: number) => {
    const io = duckdb({ database: join(mkdtempSync(join(folder, "store-")), "warehouse.duckdb"), schema: "main" });
    try {
      return await backfill({ count, folder, assets, io, ...(batch === undefined ? {} : { batch }) });
    } finally {
      await io.close?.();
    }
  };
  try {
    const trivial = { raw: { partitions, run: () => 1 }, clean: { partitions, inputs: { raw: "raw" }, run: () => 2 } };
    await backfill({ count: 500, folder, assets: trivial }); // Warms the compiler up.
    const memory = await backfill({ count, folder, assets: trivial });
    const batched = await backfill({ count, folder, assets: trivial, batch: 100 });
    const tables = await stored(single, { daily });
    const inBatches = await stored(single, { daily }, 100);
    const range = await stored(count, { ranged });
    return [
      cpuFigure(`in memory, per partition of one run of ${label}, with history`, memory.runs, { count, target: 0.3 }),
      cpuFigure("the same in runs of 100 (--batch 100)", batched.runs, { count, target: 0.3 }),
      cpuFigure(`plan of ${label}`, memory.plan),
      cpuFigure("plan of what is missing, when nothing is", memory.again),
      cpuFigure(`states of 2 × ${label}`, memory.states),
      cpuFigure("list of an asset's partitions", memory.listed),
      cpuFigure(`DuckDB, per partition of 20 rows, one run of ${single}`, tables.runs, { count: single }),
      cpuFigure("the same in runs of 100 (--batch 100)", inBatches.runs, { count: single }),
      cpuFigure(`DuckDB, per partition of ${label} written together (range: true)`, range.runs, { count }),
      wallFigure("DuckDB, plan of those", range.plan),
      wallFigure("DuckDB, plan of what is missing, when nothing is", range.again),
      wallFigure("DuckDB, states of those", range.states),
      wallFigure("DuckDB, list of those", range.listed),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
