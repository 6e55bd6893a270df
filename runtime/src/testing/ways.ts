import type { RecordBatch } from "apache-arrow";
import { batches } from "../handlers/batches.ts";
import type { AnyHandler, AnyIOManager, OutputContext } from "../io/manager.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual, expectError } from "./expect.ts";
import { exactRows, type Sample, sampleTable, sampleValue } from "./samples.ts";
import { type BehaviourSubject, filesIn, inFolder, valueFor } from "./subject.ts";

type Row = Readonly<Record<string, unknown>>;
const columns = { part: "varchar", n: "bigint" };
const sample = (...numbers: readonly number[]): Sample => ({ columns, rows: numbers.map((n) => ({ part: "a", n })) });

/** One way of writing: into the whole or a partition, with what it keeps of the former rows. */
interface Way {
  readonly name: string;
  readonly to: Partial<Pick<OutputContext, "partitions" | "slices" | "write">>;
  /** What the former rows 1 and 2 and a write of 2 and 3 make. */
  readonly sum: readonly number[];
}
const partition = { partitions: ["a"], slices: [{ key: "a", dimensions: [{ name: "partition", key: "a", column: "part" }] }] };

function waysOf({ supports = [] }: BehaviourSubject): readonly Way[] {
  const modes: readonly Way[] = [
    { name: "a replacing write", to: {}, sum: [2, 3] },
    ...(supports.includes("append") ? [{ name: "an append", to: { write: "append" }, sum: [1, 2, 2, 3] } as const] : []),
    ...(supports.includes("upsert") ? [{ name: "an upsert", to: { write: { upsert: ["n"] } }, sum: [1, 2, 3] } as const] : []),
  ];
  if (!supports.includes("partitions")) return modes;
  return [...modes, ...modes.map(({ name, to, sum }) => ({ name: `${name} of one partition`, to: { ...to, ...partition }, sum }))];
}

/** A stream of two batches, with the rows 8 and 9, with `then` between them, and what became of it. */
async function stream(then: () => void) {
  const [[eight], [nine]] = [(await sampleTable(sample(8))).batches, (await sampleTable(sample(9))).batches] as unknown as [
    [RecordBatch],
    [RecordBatch],
  ];
  const seen = { opened: 0, taken: 0, ended: false };
  const value = {
    async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch> {
      seen.opened += 1;
      try {
        seen.taken += 1;
        yield eight;
        then();
        seen.taken += 1;
        yield nine;
      } finally {
        seen.ended = true;
      }
    },
  };
  return { value, seen };
}

/** Rules 2, 3, 9 and 13 in every way of writing: it happens once and whole, or not at all. */
export function ways(subject: BehaviourSubject, { describe, it }: Cases): void {
  const { handlers } = subject;
  const [first] = handlers as [AnyHandler];
  const streams = handlers.some((handler) => handler.name === "batches");

  describe("writes whole or not at all", () => {
    for (const { name, to, sum } of waysOf(subject)) {
      const store = (manager: AnyIOManager, value: unknown, run: string, signal = new AbortController().signal) => {
        const context = outputContext("asset", { columns, ...to, signal, record: { runId: run } });
        const [key] = context.partitions;
        return manager.handleOutput(key === undefined ? context : { ...context, record: { ...context.record, partition: key } }, value);
      };
      const at = { partitions: to.partitions ?? [], slices: to.slices };
      const load = async (manager: AnyIOManager): Promise<readonly number[]> =>
        ((await manager.loadInput(inputContext("asset", { ...at, handler: exactRows }))) as readonly Row[])
          .map((row) => Number(row["n"]))
          .sort((a, b) => a - b);

      it([2, 3], `${name}, of every handler, beside other assets that it leaves alone`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await manager.handleOutput(outputContext("asset2", { columns }), await sampleValue(first, sample(77)));
          for (const [i, handler] of handlers.entries()) {
            await manager.delete?.(inputContext("asset"));
            if (!manager.delete && i > 0) return;
            await store(manager, await valueFor(manager, handler, sample(1, 2)), "first");
            await store(manager, await valueFor(manager, handler, sample(2, 3)), "second");
            expectEqual(await load(manager), sum, `rows, ${handler.name}`);
          }
          const other = await manager.loadInput(inputContext("asset2", { handler: exactRows }));
          expectEqual(other, [{ part: "a", n: 77n }], "rows of another asset");
        });
      });

      it([3, 9, 11, 13], `${name} that fails or is cancelled leaves the former rows and their record`, async () => {
        await inFolder(subject, async ({ manager, folder }) => {
          await store(manager, await sampleValue(first, sample(1, 2)), "former");
          await manager.release?.();
          const files = (await filesIn(folder)).length;
          const unchanged = async (after: string): Promise<void> => {
            expectEqual(await load(manager), [1, 2], `the former rows after ${after}: `);
            const record = await manager.inspect?.(inputContext("asset", at));
            if (record) expectEqual(record.runId, "former", `the former record after ${after}: `);
          };
          const refuses = async (value: unknown, code: ErrorCode, what: string): Promise<void> => {
            await expectError(() => store(manager, value, "failing"), code, what);
            await unchanged(what);
          };
          await refuses(undefined, "run/no-value", "undefined");
          if (handlers.some((handler) => handler.name === "rows"))
            await refuses(
              [
                { part: "a", n: 1 },
                { part: "a", n: "x" },
              ],
              "io/unsupported-value",
              "rows of mixed types",
            );
          if (streams) {
            const broken = await stream(() => {
              throw new TypeError("the stream broke");
            });
            let thrown: unknown;
            await store(manager, broken.value, "failing").catch((error: unknown) => {
              thrown = error;
            });
            check(thrown instanceof TypeError, `the stream's own error was reported as ${String(thrown)}`);
            check(
              broken.seen.ended && broken.seen.opened === 1,
              `the stream was opened ${broken.seen.opened} times and ${broken.seen.ended ? "" : "not "}ended`,
            );
            await unchanged("a stream that threw");

            const controller = new AbortController();
            const cancelled = await stream(() => controller.abort());
            await expectError(() => store(manager, cancelled.value, "failing", controller.signal), "run/cancelled", "a cancelled stream");
            check(cancelled.seen.ended, "the cancelled stream was not ended");
            await unchanged("a stream that was cancelled");
          }
          await manager.release?.();
          expectEqual((await filesIn(folder)).length, files, `files after writes that failed: ${(await filesIn(folder)).join(", ")}: `);
          await store(manager, await sampleValue(first, sample(2, 3)), "next");
          expectEqual(await load(manager), sum, "rows after the next write: ");
        });
      });

      if (!streams) continue;
      it([10, 13], `${name} reads a stream once, however many write at once`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, await sampleValue(first, sample(1)), "former");
          const writers = await Promise.all(Array.from({ length: 5 }, () => stream(() => {})));
          await Promise.all(writers.map(({ value }, i) => store(manager, value, `writer-${i}`)));
          for (const { seen } of writers) expectEqual(seen, { opened: 1, taken: 2, ended: true }, "what became of a stream: ");
          const [each, repeated] = [[8, 9], writers.flatMap(() => [8, 9]).sort((one, other) => one - other)];
          expectEqual(await load(manager), to.write === undefined ? each : to.write === "append" ? [1, ...repeated] : [1, ...each], "rows");
          const loaded = await manager.loadInput(inputContext("asset", { ...at, handler: batches }));
          check(batches.accepts(loaded), "no stream");
        });
      });
    }
  });
}
