import { once } from "node:events";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { AnyIOManager } from "../io/manager.ts";
import { type Lane, writeLane } from "./lanes.ts";

/** What a child process is told on its command line. */
export interface ChildTask {
  /** Module with the export `create`. */
  readonly module: string;
  readonly folder: string;
}
/** What it is told on its standard input, once it may open the store. */
export interface ChildOrder {
  /** All are written at once, each from its number on. */
  readonly lanes: readonly { readonly lane: Lane; readonly from: number }[];
  /** How many writes each lane has before the child closes and ends; without end when left out. */
  readonly writes?: number;
}

/** What the child process of the suite does: writes lanes, and says when it begins and ends each write. */
export async function behaviourChild(task: ChildTask): Promise<void> {
  const { create } = (await import(task.module)) as { readonly create: (folder: string) => AnyIOManager };
  const lines = createInterface({ input: process.stdin });
  // written at once: what was said before a kill must have been said
  const say = (text: string): void => void writeSync(1, `${text}\n`);
  say("ready");
  const [line] = (await once(lines, "line")) as [string];
  const { lanes, writes = Number.POSITIVE_INFINITY } = JSON.parse(line) as ChildOrder;
  const manager = create(task.folder);
  await Promise.all(
    lanes.map(async ({ lane, from }) => {
      for (let number = from; number < from + writes; number += 1) {
        await writeLane(manager, lane, number, () => say(`begin ${lane.key} ${number}`));
        say(`end ${lane.key} ${number}`);
      }
    }),
  );
  await manager.close?.();
  lines.close();
  process.stdin.destroy();
}
