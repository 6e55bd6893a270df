import type { AnyHandler, AnyIOManager } from "../io/manager.ts";
import type { SchemaChange, Write } from "../model/values.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual, expectError } from "./expect.ts";
import { exactRows, sampleValue } from "./samples.ts";
import { type BehaviourSubject, inFolder, valueFor } from "./subject.ts";

const columns = { id: "bigint", n: "bigint" };
type Row = Readonly<Record<string, unknown>>;
const row = (id: number | null, n: number) => ({ id, n });
const load = async (manager: AnyIOManager): Promise<readonly (readonly [unknown, unknown])[]> =>
  [...((await manager.loadInput(inputContext("asset", { handler: exactRows }))) as readonly Row[])]
    .map((found) => [Number(found["id"]), Number(found["n"])] as const)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);

/** Rule 2 for what keeps rows: `append` adds and counts once, `upsert` merges by keys; what a manager does not do it refuses. */
export function writeModes(subject: BehaviourSubject, { describe, it }: Cases): void {
  const supports = (mode: "append" | "upsert"): boolean => subject.supports?.includes(mode) ?? false;
  const [first] = subject.handlers as [AnyHandler];
  const store = async (manager: AnyIOManager, write: Write, run: string, rows: readonly Row[], handler = first) => {
    const value = await valueFor(manager, handler, { columns, rows });
    return manager.handleOutput(outputContext("asset", { columns, write, record: { runId: run } }), value);
  };

  /** A write that keeps rows, into a table whose columns are others. */
  const keepsColumns = async (manager: AnyIOManager, write: Write): Promise<void> => {
    const put = async (run: string, schemaChange: SchemaChange, types: Readonly<Record<string, string>>, rows: readonly Row[]) =>
      manager.handleOutput(
        outputContext("asset", { columns: types, write, schemaChange, record: { runId: run } }),
        await sampleValue(first, { columns: types, rows }),
      );
    const found = async () =>
      [...((await manager.loadInput(inputContext("asset", { handler: exactRows }))) as readonly Row[])].sort(
        (a, b) => Number(a["id"]) - Number(b["id"]),
      );
    await put("1", "evolve", { id: "bigint", n: "integer" }, [{ id: 1, n: 1 }]);
    await put("2", "evolve", { more: "varchar", n: "bigint", id: "bigint" }, [{ more: "x", n: 2 ** 40, id: 2 }]);
    await put("3", "evolve", { id: "bigint" }, [{ id: 3 }]);
    const expected = [
      { id: 1n, n: 1n, more: null },
      { id: 2n, n: 2n ** 40n, more: "x" },
      { id: 3n, n: null, more: null },
    ];
    expectEqual(await found(), expected, "rows of three writes");
    for (const schemaChange of ["error", "recreate"] as const)
      await expectError(() => put("4", schemaChange, { id: "bigint", other: "date" }, [{ id: 4, other: null }]), "io/schema-mismatch", schemaChange);
    await expectError(() => put("5", "evolve", { id: "bigint", n: "date" }, [{ id: 5, n: "2026-01-01" }]), "io/schema-mismatch", "another type");
    expectEqual(await found(), expected, "rows after writes that were refused");
  };

  describe("appends", () => {
    if (!supports("append")) {
      it([2], "nothing, and says so", async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, "replace", "0", [row(1, 1)]);
          await expectError(() => store(manager, "append", "1", [row(2, 2)]), "config/invalid", "an append");
          expectEqual(await load(manager), [[1, 1]], "the former rows");
        });
      });
      return;
    }
    for (const handler of subject.handlers) {
      it([2], `as ${handler.name}; one that is repeated counts once`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, "append", "1", [row(1, 1)], handler);
          await store(manager, "append", "2", [row(1, 2)], handler);
          await store(manager, "append", "2", [row(1, 2)], handler);
          await store(manager, "append", "1", [row(1, 1)], handler);
          expectEqual(
            await load(manager),
            [
              [1, 1],
              [1, 2],
            ],
            "rows",
          );
          await store(manager, "replace", "3", [row(3, 3)], handler);
          await store(manager, "append", "4", [row(4, 4)], handler);
          expectEqual(
            await load(manager),
            [
              [3, 3],
              [4, 4],
            ],
            "rows after a replace",
          );
        });
      });
    }
    it([2], "and knows a repeated one when another I/O manager has it, whatever came between", async () => {
      await inFolder(subject, async ({ manager, again }) => {
        await store(manager, "append", "1", [row(1, 1)]);
        await store(manager, "append", "2", [row(2, 2)]);
        await manager.release?.();
        const other = subject.survivesProcess === false ? manager : again();
        await store(other, "append", "1", [row(1, 1)]);
        await store(other, "append", "3", [row(3, 3)]);
        await store(other, "append", "2", [row(2, 2)]);
        expectEqual(
          await load(other),
          [1, 2, 3].map((n) => [n, n]),
          "rows",
        );
      });
    });
    it([1, 7], "by name: evolve fills with null and widens, error and a recreate of what stays change nothing", async () => {
      await inFolder(subject, async ({ manager }) => {
        await keepsColumns(manager, "append");
      });
    });
    it([10], "from many at once: all count", async () => {
      await inFolder(subject, async ({ manager }) => {
        await store(manager, "replace", "0", [row(0, 0)]);
        const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
        const values = await Promise.all(numbers.map((n) => sampleValue(first, { columns, rows: [row(n, n)] })));
        await Promise.all(
          numbers.map((n, i) => manager.handleOutput(outputContext("asset", { columns, write: "append", record: { runId: `run-${n}` } }), values[i])),
        );
        expectEqual(
          await load(manager),
          [0, ...numbers].map((n) => [n, n]),
          "rows",
        );
      });
    });
  });

  describe("upserts", () => {
    const upsert: Write = { upsert: ["id"] };
    if (!supports("upsert")) {
      it([2], "nothing, and says so", async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, "replace", "0", [row(1, 1)]);
          await expectError(() => store(manager, upsert, "1", [row(1, 2)]), "config/invalid", "an upsert");
          expectEqual(await load(manager), [[1, 1]], "the former rows");
        });
      });
      return;
    }
    for (const handler of subject.handlers) {
      it([2], `as ${handler.name}, one row per key`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, upsert, "1", [row(1, 1), row(2, 2)], handler);
          await store(manager, upsert, "2", [row(2, 20), row(3, 30)], handler);
          expectEqual(
            await load(manager),
            [
              [1, 1],
              [2, 20],
              [3, 30],
            ],
            "rows",
          );
        });
      });
    }
    it([1, 7], "by name: evolve fills with null and widens, error and a recreate of what stays change nothing", async () => {
      await inFolder(subject, async ({ manager }) => {
        await keepsColumns(manager, upsert);
      });
    });
    it([2, 8], "by several keys, whatever their columns are called", async () => {
      await inFolder(subject, async ({ manager }) => {
        const [one, two] = ['a"b; --', "select"] as const;
        const types = { [one]: "bigint", [two]: "varchar", n: "bigint" };
        const put = async (n: number, ...keys: readonly (readonly [number, string])[]) => {
          const value = await sampleValue(first, { columns: types, rows: keys.map(([a, b]) => ({ [one]: a, [two]: b, n })) });
          await manager.handleOutput(outputContext("asset", { columns: types, write: { upsert: [one, two] }, record: { runId: `run-${n}` } }), value);
        };
        await put(1, [1, "x"], [1, "y"], [2, "x"]);
        await put(2, [1, "y"], [2, "y"]);
        const found = (await manager.loadInput(inputContext("asset", { handler: exactRows }))) as readonly Row[];
        expectEqual(
          found.map((each) => `${String(each[one])} ${String(each[two])} ${String(each["n"])}`).sort(),
          ["1 x 1", "1 y 2", "2 x 1", "2 y 2"],
          "rows",
        );
      });
    });
    for (const handler of subject.handlers) {
      it([2], `as ${handler.name}, and refuses keys that are null or double`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await store(manager, upsert, "1", [row(1, 1)]);
          for (const rows of [
            [row(null, 2), row(4, 4)],
            [row(2, 2), row(2, 3)],
          ]) {
            const error = await expectError(() => store(manager, upsert, "2", rows, handler), "io/duplicate-key", "null or double keys");
            check(error.message.includes("id"), `the message names no key: ${error.message}`);
          }
          expectEqual(await load(manager), [[1, 1]], "the former rows");
        });
      });
    }
  });
}
