import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import type { AnyHandler, AnyIOManager, Batches, OutputContext, StagedRead } from "../io/manager.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { Write } from "../model/values.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual } from "./expect.ts";
import { exactRows, type Sample } from "./samples.ts";
import { type BehaviourSubject, filesIn, inFolder, valueFor } from "./subject.ts";

type Row = Readonly<Record<string, unknown>>;
type Load = (read: StagedRead) => Promise<unknown>;

const columns = { part: "varchar", n: "bigint" };
const sample = (part: string, ...numbers: readonly number[]): Sample => ({ columns, rows: numbers.map((n) => ({ part, n })) });
const exact = (part: string, ...numbers: readonly number[]) => numbers.map((n) => ({ part, n: BigInt(n) }));
const sliceOf = (key: string): PartitionSlice => ({ key, dimensions: [{ name: "partition", key, column: "part" }] });
const at = (...keys: readonly string[]): Pick<OutputContext, "partitions" | "slices"> =>
  keys.length === 0 ? { partitions: [] } : { partitions: keys, slices: keys.map(sliceOf) };
const inOrder = (loaded: unknown): readonly Row[] => [...(loaded as readonly Row[])].sort((a, b) => Number(a["n"]) - Number(b["n"]));

class Refusal extends Error {}

/** Rule 3 for checks: who verifies a staged value sees it in every shape, readers see the former one meanwhile, and a refusal leaves that one. */
export function stagedChecks(subject: BehaviourSubject, { describe, it }: Cases): void {
  const { handlers } = subject;
  const [first] = handlers as [AnyHandler];
  const partitions = subject.supports?.includes("partitions") ?? false;

  const store = async (manager: AnyIOManager, value: unknown, more: Partial<Omit<OutputContext, "key" | "record">> = {}, run = "test-run") =>
    manager.handleOutput(outputContext("asset", { columns, ...more, record: { runId: run } }), value);
  const stored = async (manager: AnyIOManager, of = at()): Promise<readonly Row[]> =>
    inOrder(await manager.loadInput(inputContext("asset", { ...of, handler: exactRows })));
  const isStored = async (manager: AnyIOManager, of = at()): Promise<boolean> => {
    try {
      await manager.loadInput(inputContext("asset", { ...of, handler: exactRows }));
      return true;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "io/not-found") throw error;
      return false;
    }
  };
  /** The staged value as exact rows, whatever shape it was loaded in. */
  const rowsOf = async (manager: AnyIOManager, loaded: unknown, handler: AnyHandler): Promise<readonly Row[]> => {
    if (handler.name === "rows") return inOrder(loaded);
    await manager.handleOutput(outputContext("behaviour/copy"), loaded);
    return inOrder(await manager.loadInput(inputContext("behaviour/copy", { handler: exactRows })));
  };
  const loadAs = (load: Load, handler: AnyHandler, more: StagedRead = {}) =>
    load({ ...more, handler: handler.name === "rows" ? exactRows : handler });
  /** Refuses a value once `look` has seen it, and answers with what the I/O manager threw. */
  const refused = async (
    manager: AnyIOManager,
    value: unknown,
    more: Partial<Omit<OutputContext, "key" | "record">>,
    look: (load: Load) => Promise<void>,
  ) => {
    let seen = false;
    const verify = async (load: Load): Promise<void> => {
      await look(load);
      seen = true;
      throw new Refusal("not this one");
    };
    try {
      await store(manager, value, { ...more, verify }, "refused");
    } catch (error) {
      check(seen, `the value was not shown before it was refused: ${String(error)}`);
      check(error instanceof Refusal, `a refusal was reported as ${String(error)}`);
      return;
    }
    check(seen, "verify was never called");
    throw new Error("A value that was refused was stored.");
  };

  if (!subject.showsStaged) {
    it([3], "never says of a value in its place that it is staged", async () => {
      await inFolder(subject, async ({ manager }) => {
        let called = false;
        const verify = async (): Promise<void> => {
          called = true;
        };
        await store(manager, await valueFor(manager, first, sample("a", 1)), { verify });
        check(!called, "verify was called; the subject says nothing of showsStaged");
        expectEqual(await stored(manager), exact("a", 1), "what is stored");
      });
    });
    return;
  }

  describe("shows a staged value to whoever verifies it", () => {
    for (const handler of handlers) {
      it([3], `stored as ${handler.name}: in every shape, while readers see the former one`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, await valueFor(manager, first, sample("a", 1, 2)));
          let seen = 0;
          const verify = async (load: Load): Promise<void> => {
            for (const shape of handlers) {
              expectEqual(await rowsOf(manager, await loadAs(load, shape), shape), exact("a", 3, 4), `the staged value as ${shape.name}`);
              seen += 1;
            }
            expectEqual(await load({ handler: exactRows, columns: ["n"] }), [{ n: 3n }, { n: 4n }], "one column of the staged value");
            expectEqual(await rowsOf(manager, await load({}), arrow), exact("a", 3, 4), "the staged value in the shape it was given");
            expectEqual(await stored(manager), exact("a", 1, 2), "what readers see");
            expectEqual(
              (await manager.inspect?.(inputContext("asset")))?.runId,
              manager.inspect ? "test-run" : undefined,
              "the record that readers see",
            );
          };
          await store(manager, await valueFor(manager, handler, sample("a", 3, 4)), { verify }, "second");
          expectEqual(seen, handlers.length, "shapes seen");
          expectEqual(await stored(manager), exact("a", 3, 4), "what is stored");
        });
      });
    }

    if (handlers.some(({ name }) => name === "batches")) {
      it([3], "as a stream that is left unread", async () => {
        await inFolder(subject, async ({ manager }) => {
          const verify = async (load: Load): Promise<void> => {
            check(batches.accepts(await load({ handler: batches })), "no stream");
            for await (const batch of (await load({ handler: batches })) as Batches) {
              check(batch.numRows > 0, "an empty batch");
              break;
            }
          };
          await store(manager, await valueFor(manager, first, sample("a", 1)), { verify });
          expectEqual(await stored(manager), exact("a", 1), "what is stored");
        });
      });
    }

    it([3], "and keeps the former one, or none, when it is refused, with nothing left behind", async () => {
      await inFolder(subject, async ({ manager, folder, again }) => {
        const look = async (load: Load): Promise<void> => {
          expectEqual(await load({ handler: exactRows }), exact("a", 3), "the staged value");
        };
        await refused(manager, await valueFor(manager, first, sample("a", 3)), {}, look);
        expectEqual(await isStored(manager), false, "whether something is stored: ");
        await store(manager, await valueFor(manager, first, sample("a", 1, 2)));
        await manager.release?.();
        const before = await filesIn(folder);
        for (const handler of handlers) await refused(manager, await valueFor(manager, handler, sample("a", 3)), {}, look);
        expectEqual(await stored(manager), exact("a", 1, 2), "the former value");
        expectEqual((await manager.inspect?.(inputContext("asset")))?.runId, manager.inspect ? "test-run" : undefined, "the former record");
        await manager.delete?.(inputContext("behaviour/source"));
        await manager.release?.();
        const own = (files: readonly string[]) => files.filter((file) => !file.includes("source"));
        expectEqual(own(await filesIn(folder)), own(before), "files after refusals: ");
        if (subject.survivesProcess !== false) expectEqual(await stored(again()), exact("a", 1, 2), "what another one reads");
        await store(manager, await valueFor(manager, first, sample("a", 5)));
        expectEqual(await stored(manager), exact("a", 5), "the next value");
      });
    });

    if (subject.storesValues) {
      it([3], "that is no table, as it is stored", async () => {
        await inFolder(subject, async ({ manager }) => {
          const values = [{ deep: [1, { x: "y" }] }, "a text", new Uint8Array([1, 2, 3]), new Map([["a", 1]])];
          for (const value of values) {
            await refused(manager, value, {}, async (load) => expectEqual(await load({}), value, "the staged value"));
            expectEqual(await isStored(manager).catch(() => true), false, "whether something is stored: ");
          }
        });
      });
    }

    if (partitions) {
      it([3], "of one partition, and leaves the others as they are", async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, await valueFor(manager, first, sample("a", 1)), at("a"));
          await store(manager, await valueFor(manager, first, sample("b", 2)), at("b"));
          const look = async (load: Load): Promise<void> => {
            expectEqual(await load({ handler: exactRows }), exact("a", 3), "the staged partition");
            expectEqual(await stored(manager, at("a")), exact("a", 1), "what readers see");
          };
          await refused(manager, await valueFor(manager, first, sample("a", 3)), at("a"), look);
          await refused(manager, await valueFor(manager, first, sample("c", 4)), at("c"), async () => {});
          expectEqual(await stored(manager, at("a", "b")), [...exact("a", 1), ...exact("b", 2)], "the partitions");
          expectEqual(await isStored(manager, at("c")), false, "whether the new partition is stored: ");
        });
      });

      it([3], "of several partitions together: all rows, or those of one; refused, none of them changes", async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, await valueFor(manager, first, sample("a", 1)), at("a"));
          const both: Sample = { columns, rows: [...sample("a", 3).rows, ...sample("b", 4).rows] };
          for (const handler of handlers) {
            await refused(manager, await valueFor(manager, handler, both), at("a", "b"), async (load) => {
              expectEqual(inOrder(await load({ handler: exactRows })), [...exact("a", 3), ...exact("b", 4)], "all that is staged");
              for (const shape of handlers) {
                expectEqual(
                  await rowsOf(manager, await loadAs(load, shape, { partition: "b" }), shape),
                  exact("b", 4),
                  `one partition as ${shape.name}`,
                );
              }
              expectEqual(await load({ handler: exactRows, columns: ["n"], partition: "a" }), [{ n: 3n }], "a column of one partition");
            });
          }
          expectEqual(await stored(manager, at("a")), exact("a", 1), "the former partition");
          expectEqual(await isStored(manager, at("b")), false, "whether the new partition is stored: ");
        });
      });
    }

    for (const mode of ["append", "upsert"] as const) {
      if (!subject.supports?.includes(mode)) continue;
      it([3], `of ${mode}: the rows that are added, not those that stay`, async () => {
        await inFolder(subject, async ({ manager }) => {
          const write: Write = mode === "append" ? "append" : { upsert: ["n"] };
          await store(manager, await valueFor(manager, first, sample("a", 1)), { write }, "first");
          const added = await valueFor(manager, first, sample("b", 2));
          await refused(manager, added, { write }, async (load) => expectEqual(await load({ handler: exactRows }), exact("b", 2), "the added rows"));
          expectEqual(await stored(manager), exact("a", 1), "the former rows");
          await store(manager, await valueFor(manager, first, sample("b", 2)), { write, verify: async () => {} }, "second");
          expectEqual(await stored(manager), [...exact("a", 1), ...exact("b", 2)], "the rows");
        });
      });
    }
  });
}
