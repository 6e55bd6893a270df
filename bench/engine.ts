// What the engine adds to assets that do nothing and are kept by reference.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type FakeAsset, fakeProject } from "../runtime/src/engine/fixture.ts";
import { noHistory, openHistory } from "../runtime/src/engine/history.ts";
import { executeRun, planRun } from "../runtime/src/engine/run.ts";
import { assetStatus } from "../runtime/src/engine/status.ts";
import type { SelectableAsset } from "../runtime/src/model/selection.ts";
import { selectAssets } from "../runtime/src/model/selection.ts";
import { type BenchOptions, cpuFigure, type Figure, leastOf, type Spent, spent } from "./support/figures.ts";

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

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const list = trivial();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-bench-engine-"));
  const history = openHistory(folder);
  const taken = { plan: [] as Spent[], execute: [] as Spent[], recorded: [] as Spent[], status: [] as Spent[], select: [] as Spent[] };
  const graph = Array.from({ length: count }, (_, i): SelectableAsset => {
    const upstream = i < 100 ? [] : [`asset_${i - 100}`];
    return { key: `asset_${i}`, upstream, kinds: [], tags: {}, owners: [], ioManager: "ioManager", group: `g${i % 7}` };
  });
  try {
    for (let round = 0; round <= (quick ? 1 : 4); round++) {
      const { project, target } = fakeProject(list);
      let plan = await planRun({ project, target, selection: "*" });
      const times: Record<keyof typeof taken, Spent> = {
        plan: await spent(async () => {
          plan = await planRun({ project, target, selection: "*" });
        }),
        execute: await spent(() => executeRun({ project, target, plan, history: noHistory() })),
        recorded: await spent(() => executeRun({ project, target, plan, history })),
        status: await spent(() => assetStatus({ project, target, history })),
        select: await spent(async () => selectAssets("+group:g3 and not sinks(*)", graph)),
      };
      // The first round warms the compiler up.
      if (round > 0) for (const name of Object.keys(taken) as (keyof typeof taken)[]) taken[name].push(times[name]);
    }
  } finally {
    history.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const { plan, execute, recorded, status, select } = taken;
  const sum = (one: Spent, other: Spent): Spent => ({ wall: one.wall + other.wall, cpu: one.cpu + other.cpu });
  return [
    cpuFigure("plan and run, per trivial asset of 10,000", sum(leastOf(plan), leastOf(execute)), { count, target: 0.3 }),
    cpuFigure("the same with history", sum(leastOf(plan), leastOf(recorded)), { count, target: 0.3 }),
    cpuFigure("plan of 10,000 assets", leastOf(plan)),
    cpuFigure("states of 10,000 assets", leastOf(status)),
    cpuFigure("a selection over 10,000 assets", leastOf(select)),
  ];
}
