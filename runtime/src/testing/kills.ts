import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { AnyIOManager } from "../io/manager.ts";
import type { Cases } from "./cases.ts";
import type { ChildTask, LaneOrder } from "./child.ts";
import { type Child, startChild } from "./child-process.ts";
import { check, expectEqual } from "./expect.ts";
import { type Lane, type LaneMode, laneHandlers, laneState, laneVersion, readLane } from "./lanes.ts";
import { type BehaviourSubject, filesIn, inFolder, type KillOutcome, type Opened } from "./subject.ts";

/** Writes that are cut off by killing their process, per manager: 200, or what SLUICE_KILLS says. */
const killCount = (): number => Math.max(1, Number(process.env["SLUICE_KILLS"] ?? 200) || 200);
/** Per test: one is over in well under a minute, which is what test runners wait for. */
const killsPerTest = 100;
/** Assets that a child writes at once; killing it cuts off as many writes, each at another point. */
const lanesPerChild = 8;

const modesOf = ({ supports = [] }: BehaviourSubject): readonly LaneMode[] => [
  "replace",
  ...(supports.includes("partitions") ? (["partition", "partitions"] as const) : []),
  ...supports.filter((mode) => mode !== "partitions"),
];
export const handlersOf = ({ handlers }: BehaviourSubject): readonly string[] =>
  handlers.map((handler) => handler.name).filter((name) => laneHandlers.includes(name));

/** Numbers between 0 and 1, the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A lane and what is known of it. */
interface Progress {
  readonly lane: Lane;
  /** Everything up to this number is stored. */
  readonly stored: number;
  /** The last one that was begun: it may be stored, or, of several partitions, some of it. */
  readonly begun: number;
  /** The next one: of an attempt that was cut off the same, as a run would repeat it. */
  readonly next: number;
}

/** Holds a lane to what the killed child has said. Resolves to what is known now and what the write that was cut off has left. */
async function verify(
  manager: AnyIOManager,
  progress: Progress,
  said: readonly string[],
  together: boolean,
): Promise<{ readonly progress: Progress; readonly left?: "former" | "new" }> {
  const { lane } = progress;
  const last = (word: string, otherwise: number): number =>
    Number(
      said
        .findLast((line) => line.startsWith(`${word} ${lane.key} `))
        ?.split(" ")
        .at(-1) ?? otherwise,
    );
  const stored = last("end", progress.stored);
  const begun = Math.max(stored, last("begin", progress.begun));
  const [former, fresh] = [laneState(lane, stored), laneState(lane, begun)];
  const { state, versions } = await readLane(manager, lane);
  const news: boolean[] = [];
  for (const [part, held] of state) {
    const what = `${lane.key}${part === "" ? "" : `, partition ${part}`}`;
    const [isFormer, isNew] = [held === former.get(part), held === fresh.get(part)];
    if (!isFormer && !isNew) {
      throw new Error(`${what}: neither write ${stored}, which was stored, nor ${begun}, which was begun, but: ${held.slice(0, 300)}`);
    }
    if (isFormer !== isNew) news.push(isNew);
    const version = versions.get(part);
    if (manager.inspect) expectEqual(version, String(laneVersion(lane, isNew ? begun : stored, part)), `${what}: the record of the stored value`);
  }
  if (together && new Set(news).size > 1) throw new Error(`${lane.key}: some of the partitions of write ${begun} are stored, and some are not`);
  const whole = news.every((isNew) => isNew);
  return {
    progress: { lane, begun, stored: whole ? begun : stored, next: begun > stored ? begun : stored + 1 },
    ...(begun > stored ? { left: news.length > 0 && whole ? "new" : "former" } : {}),
  };
}

/** Kills children until that many writes were cut off, each time holding every asset to the former value or the new one. */
async function killWrites(points: number, seed: number, subject: BehaviourSubject, { folder, again }: Opened, entry: string): Promise<KillOutcome> {
  const work = await mkdtemp(join(tmpdir(), "sluice-behaviour-children-"));
  const temporary = join(work, "tmp");
  await mkdir(temporary);
  const task: ChildTask = { module: subject.module as string, folder };
  const children = new Set<Child>();
  const start = (): Child => {
    const child = startChild(entry, task, join(work, "cache"), temporary);
    children.add(child);
    return child;
  };
  const modes = modesOf(subject);
  const handlers = handlersOf(subject);
  const contents = async (): Promise<readonly string[]> => [...(await filesIn(folder)), ...((await subject.contents?.(folder)) ?? [])];
  /** New lanes from that number on, replacing what the former ones hold; with other pairs of mode and handler for another seed. */
  const lanesFrom = (base: number): readonly Progress[] =>
    Array.from({ length: lanesPerChild }, (_, i) => ({
      lane: { key: `shop/asset${i}`, mode: modes[i % modes.length] as LaneMode, handler: handlers[(i + seed) % handlers.length] as string, base },
      stored: base - 1,
      begun: base - 1,
      next: base,
    }));
  const orders = (all: readonly Progress[]): LaneOrder["lanes"] => all.map(({ lane, next }) => ({ lane, from: next }));
  const writeFresh = async (child: Child, base: number, writes: number): Promise<readonly Progress[]> => {
    const lanes = lanesFrom(base);
    child.order({ lanes: orders(lanes), writes });
    await child.ended();
    children.delete(child);
    const last = base + writes - 1;
    const manager = again();
    for (const { lane } of lanes) expectEqual((await readLane(manager, lane)).state, laneState(lane, last), `${lane.key} after write ${last}`);
    await manager.close?.();
    return lanes.map(({ lane }) => ({ lane, stored: last, begun: last, next: last + 1 }));
  };

  const outcome = { processes: 0, former: 0, new: 0, staged: 0 };
  try {
    const first = start();
    await first.said("ready");
    const now = async (line: string): Promise<number> => first.said(line).then(() => performance.now());
    const [began, ended] = [now("begin"), now(`end ${lanesFrom(0).at(-1)?.lane.key}`)];
    let lanes = await writeFresh(first, 0, 2);
    const took = (await ended) - (await began);
    const clean = await contents();
    const random = seeded(seed);
    let next = start();
    for (let round = 0; outcome.former + outcome.new < points; round += 1) {
      check(round < points, `killing ${round} processes cut off only ${outcome.former + outcome.new} writes`);
      const child = next;
      await child.said("ready");
      child.order({ lanes: orders(lanes) });
      // starts while this one works, so that its start costs no time
      next = start();
      // some while after some write has ended, since how long writes take depends on what else the machine does
      const after = Math.floor(random() * (1.5 * lanesPerChild));
      await (after === 0 ? child.said("begin") : child.said("end", after));
      await pause(((2 * took) / lanesPerChild) * random());
      const said = await child.kill();
      children.delete(child);
      outcome.processes += 1;

      const manager = again();
      const found = [];
      for (const progress of lanes) found.push(await verify(manager, progress, said, subject.partitionsTogether === true));
      await manager.close?.();
      lanes = found.map(({ progress }) => progress);
      for (const { left } of found) if (left) outcome[left] += 1;
      if ((await contents()).length > clean.length) outcome.staged += 1;
    }
    await writeFresh(next, 1000 * (1 + Math.max(...lanes.map(({ begun }) => begun))), 2);
    expectEqual((await contents()).length, clean.length, `what lies in the store after the next writes: ${(await contents()).join(", ")}: `);
    expectEqual(await filesIn(temporary), [], "temporary files after the next writes: ");
  } finally {
    for (const child of children) await child.kill();
    await rm(work, { recursive: true, force: true });
  }
  return outcome;
}

/** Rules 3 and 11 across processes: a process killed at any point of a write leaves one whole value, and what it left is cleaned up. */
export function kills(subject: BehaviourSubject, { describe, it }: Cases, entry: string): void {
  if (subject.survivesProcess === false) return;
  if (subject.module === undefined) throw new Error(`${subject.name}: give the url of a module that exports create, or survivesProcess: false.`);
  const { module } = subject;

  describe("survives its process", () => {
    const count = killCount();
    for (let from = 0; from < count; from += killsPerTest) {
      const to = Math.min(from + killsPerTest, count);
      it(
        [3, 11],
        `killed in the middle of writes ${from + 1} to ${to} of ${count}: the former value or the new one, whole, and nothing left behind`,
        async () => {
          await inFolder(subject, async (opened) => {
            const outcome = await killWrites(to - from, from + 1, subject, opened, entry);
            subject.onKills?.(outcome);
          });
        },
      );
    }

    if (subject.sharedByProcesses !== true) return;
    it([3, 10], "written by several processes at once: readers of a third see whole values, and the last one stays", async () => {
      await inFolder(subject, async ({ manager, folder }) => {
        const handlers = handlersOf(subject);
        const work = await mkdtemp(join(tmpdir(), "sluice-behaviour-children-"));
        const writers = [0, 1, 2].map(() => startChild(entry, { module, folder }, join(work, "cache"), work));
        const lane = (i: number): Lane => ({ key: "shop/asset", mode: "replace", handler: handlers[i % handlers.length] as string, base: 0 });
        const read = async (): Promise<number> => {
          const { state } = await readLane(manager, lane(0));
          const number = Number(/:(\d+)/.exec(state.get("") ?? "")?.[1]);
          expectEqual(state, laneState(lane(0), number), "what was read: ");
          return number;
        };
        try {
          await Promise.all(writers.map((child) => child.said("ready")));
          for (const [i, child] of writers.entries()) child.order({ lanes: [{ lane: lane(i), from: i * 1000 }], writes: 12 });
          await Promise.race(writers.map((child) => child.said("end")));
          let over = false;
          const done = Promise.all(writers.map((child) => child.ended())).finally(() => {
            over = true;
          });
          const seen = new Set<number>();
          while (!over) {
            seen.add(await read());
            await turn(); // a store whose reads wait for nothing would let nothing else happen
          }
          await done;
          const final = await read();
          check([11, 1011, 2011].includes(final), `generation ${final} is no writer's last`);
          check(seen.size > 1, "nothing changed while it was read");
        } finally {
          for (const child of writers) await child.kill();
          await rm(work, { recursive: true, force: true });
        }
      });
    });
  });
}
