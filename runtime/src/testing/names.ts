import { arrow } from "../handlers/arrow.ts";
import type { AnyIOManager, OutputContext } from "../io/manager.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual } from "./expect.ts";
import { exactRows, loadFastCheck, nastyText, sampleValue } from "./samples.ts";
import { type BehaviourSubject, inFolder } from "./subject.ts";

const columns = { part: "varchar", n: "bigint" };
type Target = Pick<OutputContext, "partitions" | "slices"> & Partial<Pick<OutputContext, "table">>;
const whole: Target = { partitions: [] };
const at = (key: string): Target => ({
  partitions: [key],
  slices: [{ key, dimensions: [{ name: "partition", key, column: "part" }] }],
});

/** Rule 8: names hold anything, and nothing escapes its folder or its statement. */
export function names(subject: BehaviourSubject, { describe, it }: Cases): void {
  const store = async (manager: AnyIOManager, key: string, target: Target, part: string, n: number) =>
    manager.handleOutput(outputContext(key, { columns, ...target }), await sampleValue(arrow, { columns, rows: [{ part, n }] }));
  const load = (manager: AnyIOManager, key: string, target: Target) => manager.loadInput(inputContext(key, { ...target, handler: exactRows }));
  /** What nothing may touch, and what lies beside the store's folder. */
  const guarded = (work: (manager: AnyIOManager, untouched: () => Promise<void>) => Promise<void>): Promise<void> =>
    inFolder(subject, async ({ manager, outside }) => {
      await store(manager, "guarded/asset", whole, "", 77);
      await work(manager, async () => {
        expectEqual(await load(manager, "guarded/asset", whole), [{ part: "", n: 77n }], "rows of an asset that nothing touches");
        expectEqual(await outside(), [], "files that escaped: ");
      });
    });

  describe("takes any name", () => {
    if (subject.supports?.includes("partitions")) {
      it([6, 8], "of a partition: each is stored, listed, and loaded by itself", async () => {
        const fc = await loadFastCheck();
        await guarded(async (manager, untouched) => {
          let run = 0;
          await fc.assert(
            fc.asyncProperty(fc.uniqueArray(nastyText(fc), { minLength: 2, maxLength: 4 }), async (keys) => {
              run += 1;
              const key = `parts/asset${run}`;
              for (const [i, part] of keys.entries()) await store(manager, key, at(part), part, i);
              for (const [i, part] of keys.entries())
                expectEqual(await load(manager, key, at(part)), [{ part, n: BigInt(i) }], `rows of ${JSON.stringify(part)}`);
              if (manager.list) expectEqual([...(await manager.list(inputContext(key)))].sort(), [...keys].sort(), "the list: ");
            }),
            { numRuns: 8 },
          );
          await untouched();
        });
      });
    }

    it([8], "of a table and its schema, where the asset gives one", async () => {
      const fc = await loadFastCheck();
      await guarded(async (manager, untouched) => {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(nastyText(fc), nastyText(fc), async (schema, name) => {
            run += 1;
            const key = `named/asset${run}`;
            const target: Target = { partitions: [], table: { schema, name: `${run}${name}` } };
            await store(manager, key, target, "", run);
            await store(manager, key, target, "", -run);
            expectEqual(await load(manager, key, target), [{ part: "", n: BigInt(-run) }], `rows of ${JSON.stringify(target.table)}`);
          }),
          { numRuns: 8 },
        );
        await untouched();
      });
    });
  });

  describe("tells", () => {
    const { secrets = [] } = subject;
    if (secrets.length > 0) {
      it([12], "no secret in metadata, records, places or messages", async () => {
        await inFolder(subject, async ({ manager }) => {
          const told: unknown[] = [
            await store(manager, "asset", whole, "", 1),
            await manager.inspect?.(inputContext("asset")),
            manager.place?.({ key: "asset" }),
          ];
          for (const work of [() => load(manager, "never/stored", whole), () => manager.handleOutput(outputContext("asset"), () => 1)]) {
            await work().catch((error: Error & { readonly hint?: unknown; readonly place?: unknown }) =>
              told.push(error.message, error.hint, error.place, error.stack),
            );
          }
          const text = JSON.stringify(told);
          for (const [i, secret] of secrets.entries()) check(!text.includes(JSON.stringify(secret).slice(1, -1)), `secret ${i + 1} is told: ${text}`);
        });
      });
    }

    it([12], "place, rows and columns of what was written, whole or a partition, in plain data", async () => {
      await inFolder(subject, async ({ manager }) => {
        const targets = subject.supports?.includes("partitions") ? [whole, at("a"), at("b'")] : [whole];
        for (const [i, target] of targets.entries()) {
          const part = target.partitions[0] ?? "";
          const metadata = await store(manager, `told/asset${i === 0 ? "" : "s"}`, target, part, i);
          expectEqual(JSON.parse(JSON.stringify(metadata)), metadata, "metadata as JSON: ");
          check(metadata.place !== "", "no place");
          expectEqual(metadata.rows, 1, "rows of the metadata");
          expectEqual(
            metadata.columns?.map(({ name }) => name),
            Object.keys(columns),
            "columns of the metadata",
          );
        }
      });
    });
  });
}
