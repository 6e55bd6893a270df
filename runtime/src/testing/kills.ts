import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoredRecord } from "../model/values.ts";
import { type Child, type ChildTask, childHandlers, startChild } from "./child-process.ts";
import { inputContext } from "./contexts.ts";
import { check, expectEqual } from "./expect.ts";
import { generationOf } from "./samples.ts";
import { type BehaviourSubject, filesIn, inFolder, loadExact, type Opened, type TestRunner } from "./subject.ts";

/** Kills per manager: 12, or what SLUICE_KILLS says. */
const killCount = (): number => Math.max(1, Number(process.env["SLUICE_KILLS"] ?? 12) || 12);
const key = "shop/asset";

const last = (said: readonly string[], start: string): number =>
  Number(
    said
      .filter((line) => line.startsWith(start))
      .at(-1)
      ?.slice(start.length) ?? -1,
  );
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Points per test: one is over in well under a minute, which is what test runners wait for. */
const killsPerTest = 6;

async function killAt(
  fractions: readonly number[],
  { folder, again }: Opened,
  handlers: readonly string[],
  entry: string,
  task: ChildTask,
): Promise<void> {
  const children = new Set<Child>();
  const cache = await mkdtemp(join(tmpdir(), "sluice-behaviour-cache-"));
  const start = (): Child => {
    const child = startChild(entry, task, cache);
    children.add(child);
    return child;
  };
  const storeOnce = async (child: Child, from: number): Promise<void> => {
    child.order({ handler: handlers.includes("sql") ? "sql" : (handlers[0] as string), from, count: 1 });
    await child.ended();
    children.delete(child);
  };
  try {
    // what a store makes on its first writes is there before files are counted
    await storeOnce(start(), 0);
    await storeOnce(start(), 1);
    const files = (await filesIn(folder)).length;
    let stored = 1;
    let inside = 0;
    let next = start();
    for (const [i, fraction] of fractions.entries()) {
      const child = next;
      await child.said("ready");
      child.order({ handler: handlers[i % handlers.length] as string, from: stored + 1 });
      // starts while this one works, so that its start costs no time
      next = start();
      await child.said("begin");
      const began = performance.now();
      await child.said("end");
      const took = performance.now() - began;
      await child.said(`begin ${stored + 2}`);
      await pause(took * fraction);
      const said = await child.kill();
      children.delete(child);

      const manager = again();
      const found = generationOf(await loadExact(manager, key));
      const [begun, ended] = [last(said, "begin "), last(said, "end ")];
      check(found >= ended && found <= begun, `generation ${found} is stored, after ${ended} was stored and ${begun} begun`);
      if (begun > ended) inside += 1;
      const record = (await manager.inspect?.(inputContext(key))) as StoredRecord | undefined;
      if (record) expectEqual(record.dataVersion, String(found), "the record of the stored value");
      await manager.close?.();
      stored = found;
    }
    check(inside > fractions.length / 4, `only ${inside} of ${fractions.length} kills hit a write`);
    await storeOnce(next, stored + 1);
    expectEqual((await filesIn(folder)).length, files, "files after the next write: ");
  } finally {
    for (const child of children) await child.kill();
    await rm(cache, { recursive: true, force: true });
  }
}

/** Rules 3 and 11 across processes: a process killed at any point of a write leaves one whole value, and what it left is cleaned up. */
export function kills(subject: BehaviourSubject, { describe, it }: TestRunner, entry: string): void {
  if (subject.survivesProcess === false) return;
  const { module } = subject;
  if (module === undefined) throw new Error(`${subject.name}: give the url of a module that exports create, or survivesProcess: false.`);
  const handlers = subject.handlers.map((handler) => handler.name).filter((name) => childHandlers.includes(name));

  describe("survives its process", () => {
    const count = killCount();
    for (let from = 0; from < count; from += killsPerTest) {
      const to = Math.min(from + killsPerTest, count);
      it(`killed at points ${from + 1} to ${to} of ${count} of a write: the former value or the new one, whole, and nothing left behind`, async () => {
        // points are spread over the whole write in each test
        const fractions = Array.from(
          { length: to - from },
          (_, i) => ((i + from / killsPerTest / Math.ceil(count / killsPerTest)) * 1.2) / (to - from),
        );
        await inFolder(subject, (opened) => killAt(fractions, opened, handlers, entry, { module, folder: opened.folder, key }));
      });
    }

    if (subject.sharedByProcesses !== true) return;
    it("written by several processes at once: readers of a third see whole values, and the last one stays", async () => {
      await inFolder(subject, async ({ manager, folder }) => {
        const writers = [0, 1, 2].map(() => startChild(entry, { module, folder, key }, join(folder, "cache")));
        try {
          await Promise.all(writers.map((child) => child.said("ready")));
          for (const [i, child] of writers.entries()) child.order({ handler: handlers[i % handlers.length] as string, from: i * 1000, count: 12 });
          await Promise.race(writers.map((child) => child.said("end")));
          let over = false;
          const done = Promise.all(writers.map((child) => child.ended())).finally(() => {
            over = true;
          });
          const seen = new Set<number>();
          while (!over) seen.add(generationOf(await loadExact(manager, key)));
          await done;
          const final = generationOf(await loadExact(manager, key));
          check([11, 1011, 2011].includes(final), `generation ${final} is no writer's last`);
          check(seen.size > 1, "nothing changed while it was read");
        } finally {
          for (const child of writers) await child.kill();
        }
      });
    });
  });
}
