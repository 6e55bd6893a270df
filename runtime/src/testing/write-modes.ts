import type { AnyHandler, AnyIOManager } from "../io/manager.ts";
import type { Write } from "../model/values.ts";
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
    it([2], "and refuses keys that are null or double", async () => {
      await inFolder(subject, async ({ manager }) => {
        await store(manager, upsert, "1", [row(1, 1)]);
        for (const rows of [[row(null, 2)], [row(2, 2), row(2, 3)]]) {
          const error = await expectError(() => store(manager, upsert, "2", rows), "io/duplicate-key", "null or double keys");
          check(error.message.includes("id"), `the message names no key: ${error.message}`);
        }
        expectEqual(await load(manager), [[1, 1]], "the former rows");
      });
    });
  });
}
