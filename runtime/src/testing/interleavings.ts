import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { absent, type Call, type CallKind, isSerial, make, type State } from "./calls.ts";
import type { Cases } from "./cases.ts";
import { startChild } from "./child-process.ts";
import { check } from "./expect.ts";
import { loadFastCheck } from "./samples.ts";
import { type BehaviourSubject, inFolder } from "./subject.ts";

/** Whoever makes calls: this process or another one. */
type Maker = (call: Call) => Promise<readonly State[]>;
interface Planned {
  readonly kind: CallKind;
  readonly parts: readonly string[];
  readonly by: number;
}
const partitions = ["a", "B", "b", "d/e"];

/** Groups of calls, those of a group made at once: writes of every kind that the manager has, deletions and reads. */
async function plans({ supports = [] }: BehaviourSubject, partitioned: boolean, makers: number) {
  const fc = await loadFastCheck();
  const writes = ["replace", ...supports.filter((mode) => mode !== "partitions")] as readonly CallKind[];
  const parts = (most: number) => (partitioned ? fc.subarray(partitions, { minLength: 1, maxLength: most }) : fc.constant([]));
  const by = fc.nat(makers - 1);
  const call = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom(...writes), parts: parts(1), by }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace" as const), parts: parts(3), by }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), parts: parts(1), by }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), parts: parts(2), by }) },
  );
  const group = fc.array<Planned>(call, { minLength: 2, maxLength: 5 });
  return { fc, groups: fc.array(group, { minLength: 1, maxLength: 5 }) };
}

/** Makes the calls of each group at once and holds what was read, and what is there after it, to an order of the calls one by one. */
async function follow(key: string, groups: readonly (readonly Planned[])[], makers: readonly Maker[], number: () => number): Promise<void> {
  const states = new Map<string, State>();
  for (const group of groups) {
    const made = await Promise.all(
      group.map(async ({ kind, parts, by }) => {
        const call: Call = { key, kind, parts, number: number() };
        return { ...call, found: await makers[by]!(call) };
      }),
    );
    for (const part of new Set(made.flatMap(({ parts }) => (parts.length === 0 ? [""] : parts)))) {
      const concerned = made
        .filter(({ parts }) => part === "" || parts.includes(part))
        .map(({ kind, number: n, found, parts }) => ({ kind, number: n, found: found[Math.max(0, parts.indexOf(part))] }));
      const before = states.get(part) ?? absent;
      const [last = absent] = await makers[0]!({ key, kind: "read", parts: part === "" ? [] : [part], number: 0 });
      const said = concerned.map((call) => `${call.kind} ${call.number}${call.found === undefined ? "" : ` (${call.found})`}`).join(", ");
      check(
        isSerial(before, concerned, last),
        `No order of the calls explains what was read of ${part || "the asset"}: ${before}; ${said}; then ${last}`,
      );
      states.set(part, last);
    }
  }
}

/** Rules 3 and 10: whatever is written, deleted and read at once, it is as if one were done after the other. */
export function interleavings(subject: BehaviourSubject, { describe, it }: Cases, entry: string): void {
  let run = 0;
  let last = 0;
  const number = (): number => {
    last += 1;
    return last;
  };
  const holds = async (partitioned: boolean, makers: readonly Maker[], numRuns: number): Promise<void> => {
    const { fc, groups } = await plans(subject, partitioned, makers.length);
    await fc.assert(
      fc.asyncProperty(groups, async (found) => {
        run += 1;
        await follow(`group/asset${run}`, found, makers, number);
      }),
      { numRuns, endOnFailure: true, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false }, // what happens at once does not happen so again: nothing smaller would be found
    );
  };
  const kinds = subject.supports?.includes("partitions") ? [false, true] : [false];

  describe("lets many write and read at once", () => {
    for (const partitioned of kinds) {
      const what = partitioned ? "partitions" : "one asset";
      it([3, 10], `${what}, in any order: as if one did after the other`, async () => {
        await inFolder(subject, async ({ manager }) => holds(partitioned, [(call) => make(manager, call)], 10));
      });
      if (subject.sharedByProcesses !== true || subject.module === undefined) continue;
      const { module } = subject;
      it([3, 10], `${what}, from several processes in any order: as if one did after the other`, async () => {
        const work = await mkdtemp(join(tmpdir(), "sluice-behaviour-children-"));
        await inFolder(subject, async ({ manager, folder }) => {
          const children = [0, 1].map(() => startChild(entry, { module, folder }, join(work, "cache"), work));
          try {
            await Promise.all(children.map((child) => child.said("ready")));
            for (const child of children) child.order("calls");
            const others = children.map(
              (child): Maker =>
                async (call) => {
                  const id = number();
                  child.order({ id, call });
                  return JSON.parse((await child.said(`did ${id} `)).slice(`did ${id} `.length)) as readonly State[];
                },
            );
            await holds(partitioned, [(call) => make(manager, call), ...others], 10);
          } finally {
            for (const child of children) await child.kill();
          }
        });
        await rm(work, { recursive: true, force: true });
      });
    }
  });
}
