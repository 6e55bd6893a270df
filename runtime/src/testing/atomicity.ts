import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, Batches, SqlQuery } from "../io/manager.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual, expectError } from "./expect.ts";
import { exactRows, generation, generationOf, generationSize, type Sample, sampleTable, sampleValue } from "./samples.ts";
import { type BehaviourSubject, filesIn, inFolder, loadExact, type Opened, openFilesIn, storeSample } from "./subject.ts";

const former: Sample = { columns: { n: "bigint" }, rows: [{ n: 1 }, { n: 2 }] };
const formerRows = [{ n: 1n }, { n: 2n }];

/** A stream that gives two batches and then does something else. */
async function* interrupted(then: () => Promise<unknown>, ended: () => void = () => {}): AsyncGenerator<unknown> {
  try {
    const table = await sampleTable(generation(1, 3000));
    yield table.batches[0];
    yield table.batches[0];
    await then();
    yield table.batches[0];
  } finally {
    ended();
  }
}
const fails = (): never => {
  throw new TypeError("the stream broke");
};

/** What `openFilesIn` says where nothing is open. */
const noFiles = async (folder: string): Promise<readonly string[] | undefined> => ((await openFilesIn(folder)) ? [] : undefined);

/** Resolves once this process hardly works any more: what was cancelled has ended, and is not only no longer waited for. */
async function idle(): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const [before, from] = [process.cpuUsage(), performance.now()];
    await pause(100);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < (performance.now() - from) / 2) return;
  }
  throw new Error("the work went on after it was cancelled");
}

/** Rules 3, 10, 11 and 13: a write happens whole or not at all, and leaves nothing behind. */
export function atomicity(subject: BehaviourSubject, { describe, it }: Cases): void {
  const { handlers } = subject;
  const has = (name: string): boolean => handlers.some((handler) => handler.name === name);
  const [first] = handlers as [AnyHandler];

  /** The former value and its record are still there, and the next write works. */
  const unchanged = async ({ manager }: Opened): Promise<void> => {
    expectEqual(await loadExact(manager, "asset"), formerRows, "the former value");
    const record = await manager.inspect?.(inputContext("asset"));
    if (record) expectEqual(record.runId, "test-run", "the former record");
  };

  describe("keeps the former value", () => {
    if (has("batches")) {
      it([3, 13], "when a stream throws midway, and reports what the stream threw", async () => {
        await inFolder(subject, async (opened) => {
          await storeSample(opened.manager, "asset", first, former);
          let ended = false;
          const stream = interrupted(
            async () => fails(),
            () => {
              ended = true;
            },
          );
          let thrown: unknown;
          await opened.manager.handleOutput(outputContext("asset", { record: { runId: "failing" } }), stream).catch((error: unknown) => {
            thrown = error;
          });
          check(thrown instanceof TypeError && thrown.message === "the stream broke", `the stream's own error was reported as ${String(thrown)}`);
          check(ended, "the stream was not ended");
          await unchanged(opened);
        });
      });

      it([3, 13], "when the write is cancelled in the middle of a stream", async () => {
        await inFolder(subject, async (opened) => {
          await storeSample(opened.manager, "asset", first, former);
          const controller = new AbortController();
          let ended = false;
          const stream = interrupted(
            async () => controller.abort(),
            () => {
              ended = true;
            },
          );
          const context = outputContext("asset", { signal: controller.signal, record: { runId: "cancelled" } });
          await expectError(() => opened.manager.handleOutput(context, stream), "run/cancelled", "a cancelled write");
          check(ended, "the stream was not ended");
          await unchanged(opened);
        });
      });
    }

    it([3, 13], "when the write is cancelled before it begins", async () => {
      await inFolder(subject, async (opened) => {
        await storeSample(opened.manager, "asset", first, former);
        const controller = new AbortController();
        controller.abort();
        for (const handler of handlers.filter((known) => known.fromTable)) {
          const context = outputContext("asset", { signal: controller.signal, record: { runId: "cancelled" } });
          const value = await sampleValue(handler, generation(1, 10));
          await expectError(() => opened.manager.handleOutput(context, value), "run/cancelled", `a cancelled write of ${handler.name}`);
        }
        await unchanged(opened);
      });
    });

    if (has("sql")) {
      it([3], "when a query fails", async () => {
        await inFolder(subject, async (opened) => {
          await storeSample(opened.manager, "asset", first, former);
          const source = (await opened.manager.loadInput(inputContext("asset", { handler: sql }))) as SqlQuery;
          for (const query of [
            sql`select no_such_column from ${source}`,
            sql`select cast('x' as integer) as n from ${source}`,
            sql`this is no query`,
          ]) {
            await expectError(
              () => opened.manager.handleOutput(outputContext("asset", { record: { runId: "failing" } }), query),
              "sql/failed",
              "a query that fails",
            );
          }
          await unchanged(opened);
        });
      });
    }
    const { endlessQuery } = subject;
    if (endlessQuery) {
      it([3, 13], "when a query is cancelled, which ends the work at the store", async () => {
        await inFolder(subject, async (opened) => {
          await storeSample(opened.manager, "asset", first, former);
          const controller = new AbortController();
          const writing = opened.manager.handleOutput(
            outputContext("asset", { signal: controller.signal, record: { runId: "cancelled" } }),
            endlessQuery,
          );
          setTimeout(() => controller.abort(), 50);
          await expectError(() => writing, "run/cancelled", "a cancelled query");
          await idle();
          await unchanged(opened);
        });
      });
    }

    if (has("rows")) {
      it([3, 9], "when rows cannot be stored: mixed types, or no columns to know", async () => {
        await inFolder(subject, async (opened) => {
          const store = (value: unknown, key = "asset") => opened.manager.handleOutput(outputContext(key, { record: { runId: "failing" } }), value);
          await storeSample(opened.manager, "asset", first, former);
          await expectError(() => store([{ n: 1 }, { n: "two" }]), "io/unsupported-value", "rows that mix texts and numbers");
          await expectError(() => store([{ n: null, fresh: null }]), "io/unknown-columns", "a column of nulls that nobody knows");
          await expectError(() => store([], "never/stored"), "io/unknown-columns", "an empty array whose columns nobody knows");
          await unchanged(opened);
        });
      });

      it([5], "as the columns of an empty result that shows none", async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "asset", first, former);
          await manager.handleOutput(outputContext("asset"), []);
          expectEqual(await loadExact(manager, "asset"), [], "rows");
          const table = (await manager.loadInput(inputContext("asset", { handler: rows() }))) as readonly unknown[];
          expectEqual(table.length, 0, "rows as rows");
        });
      });
    }

    it([3], "for readers until the new one is whole, then the new one for all", async () => {
      await inFolder(subject, async ({ manager }) => {
        const write = async (n: number): Promise<void> => {
          await storeSample(manager, "asset", has("batches") ? batches : first, generation(n, generationSize(n)));
        };
        await write(0);
        let written = 0;
        let ended = false;
        let read = 0;
        const reading = (async () => {
          while (!ended) {
            const before = written;
            const found = generationOf(await loadExact(manager, "asset"));
            check(found >= before, `generation ${found} was read after ${before} had been stored`);
            read += 1;
            await turn(); // a store whose reads wait for nothing would let nothing else happen
          }
        })();
        try {
          for (let n = 1; n <= 8; n += 1) {
            await write(n);
            written = n;
          }
        } finally {
          ended = true;
        }
        await reading;
        check(read > 0, "nothing was read meanwhile");
        expectEqual(generationOf(await loadExact(manager, "asset")), 8, "the last generation");
      });
    });

    if (has("batches")) {
      it([3], "for a stream that is read from it while it is replaced", async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "asset", first, generation(3, generationSize(3)));
          const loaded = (await manager.loadInput(inputContext("asset", { handler: batches }))) as Batches;
          await manager.handleOutput(outputContext("asset"), loaded);
          expectEqual(generationOf(await loadExact(manager, "asset")), 3, "the value stored from itself");
        });
      });
    }
    if (has("sql")) {
      it([3], "for a query that reads it while it is replaced", async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "asset", first, former);
          const self = (await manager.loadInput(inputContext("asset", { handler: sql }))) as SqlQuery;
          await manager.handleOutput(outputContext("asset"), sql`select n + 1 as n from ${self}`);
          expectEqual(await loadExact(manager, "asset"), [{ n: 2n }, { n: 3n }], "the value computed from itself");
        });
      });
    }
  });

  describe("takes concurrent writes", () => {
    it([10], "to one asset: one whole value wins", async () => {
      await inFolder(subject, async ({ manager }) => {
        const writers = handlers.filter((handler) => handler.fromTable);
        const numbers = Array.from({ length: 8 }, (_, n) => n);
        await Promise.all(
          numbers.map(async (n) =>
            manager.handleOutput(
              outputContext("asset"),
              await sampleValue(writers[n % writers.length] as AnyHandler, generation(n, generationSize(n))),
            ),
          ),
        );
        check(numbers.includes(generationOf(await loadExact(manager, "asset"))), "a value that nobody wrote");
      });
    });

    it([10], "to different assets: all succeed", async () => {
      await inFolder(subject, async ({ manager }) => {
        const writers = handlers.filter((handler) => handler.fromTable);
        const numbers = Array.from({ length: 12 }, (_, n) => n);
        await Promise.all(
          numbers.map(async (n) =>
            manager.handleOutput(
              outputContext(`group/asset${n}`),
              await sampleValue(writers[n % writers.length] as AnyHandler, generation(n, generationSize(n))),
            ),
          ),
        );
        for (const n of numbers) expectEqual(generationOf(await loadExact(manager, `group/asset${n}`)), n, `generation of asset${n}`);
      });
    });
  });

  describe("leaves nothing behind", () => {
    it([11], "after close, which may be called twice; the stored value stays", async () => {
      await inFolder(subject, async ({ manager, folder, again }) => {
        await storeSample(manager, "asset", first, former);
        await manager.close?.();
        await manager.close?.();
        expectEqual(await openFilesIn(folder), await noFiles(folder), "open files after close: ");
        if (subject.survivesProcess === false) return;
        const files = await filesIn(folder);
        const other = again();
        if (has("sql")) await other.loadInput(inputContext("asset", { handler: sql }));
        await loadExact(other, "asset");
        if (has("batches")) {
          await other
            .handleOutput(
              outputContext("asset"),
              interrupted(async () => fails()),
            )
            .catch(() => {});
          const unread = (await other.loadInput(inputContext("asset", { handler: batches }))) as Batches;
          check(batches.accepts(unread), "no stream");
        }
        await other.handleOutput(outputContext("asset"), () => 1).catch(() => {});
        await other.close?.();
        expectEqual(await filesIn(folder), files, "files after failed writes and loads: ");
        expectEqual(await again().loadInput(inputContext("asset", { handler: exactRows })), formerRows, "the value that another one reads");
      });
    });

    it([11], "after release, and goes on working", async () => {
      await inFolder(subject, async ({ manager, folder }) => {
        await storeSample(manager, "asset", first, former);
        await manager.release?.();
        await manager.release?.();
        if (manager.release) expectEqual(await openFilesIn(folder), await noFiles(folder), "open files after release: ");
        expectEqual(await loadExact(manager, "asset"), formerRows, "rows after release");
        await storeSample(manager, "asset", first, former);
        await manager.release?.();
      });
    });
  });
}
