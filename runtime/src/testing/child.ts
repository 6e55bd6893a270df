import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { AnyIOManager } from "../io/manager.ts";
import { type Call, make } from "./calls.ts";
import { type Lane, writeLane } from "./lanes.ts";

/** What a child process is told on its command line. */
export interface ChildTask {
  /** Module with the export `create`. */
  readonly module: string;
  readonly folder: string;
}
/** What it is told on its standard input, once it may open the store. */
export type ChildOrder = LaneOrder | "calls" | { readonly id: number; readonly call: Call };
export interface LaneOrder {
  /** All are written at once, each from its number on. */
  readonly lanes: readonly { readonly lane: Lane; readonly from: number }[];
  /** How many writes each lane has before the child closes and ends; without end when left out. */
  readonly writes?: number;
}

/** What the child process of the suite does: writes lanes, and says when it begins and ends each write; or makes calls as they come. */
export async function behaviourChild(task: ChildTask): Promise<void> {
  const { create } = (await import(task.module)) as { readonly create: (folder: string) => AnyIOManager };
  const lines = createInterface({ input: process.stdin });
  // written at once: what was said before a kill must have been said
  const say = (text: string): void => void writeSync(1, `${text}\n`);
  say("ready");
  const orders = lines[Symbol.asyncIterator](); // at once: a line that comes before somebody listens would be lost
  const order = JSON.parse((await orders.next()).value as string) as LaneOrder | "calls";
  const manager = create(task.folder);
  if (order === "calls") {
    for await (const text of orders) {
      const { id, call } = JSON.parse(text) as { readonly id: number; readonly call: Call };
      void make(manager, call).then((found) => say(`did ${id} ${JSON.stringify(found)}`)); // many at once; one that fails ends the process
    }
    return;
  }
  const { lanes, writes = Number.POSITIVE_INFINITY } = order;
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
