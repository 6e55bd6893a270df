import { arrow } from "../handlers/arrow.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler } from "../io/manager.ts";
import type { Cases } from "./cases.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { check, expectEqual, expectError } from "./expect.ts";
import { loadFastCheck } from "./samples.ts";
import { type BehaviourSubject, inFolder, loadExact, storeSample } from "./subject.ts";

const one = { columns: { n: "bigint" }, rows: [{ n: 1 }] };
const two = { columns: { n: "bigint" }, rows: [{ n: 2 }] };

/** Keys of which a store may take two for one. */
const pairs = [
  ["sales", "Sales"],
  ["sales", "SALES"],
  ["straße", "STRASSE"],
  ["a/b", "a.b"],
  ["a/b", "a_b"],
  ["a/b", "a-b"],
  ["x", "x.parquet"],
  ["x", "x.json"],
  ["x", "x.parquet/y"],
  ["x", "x/x"],
  ["x/y", "x/y/z"],
  ["a/b/c", "b/c"],
  ["public/t", "t"],
  ["main/t", "t"],
  ["l".repeat(300), "l".repeat(301)],
  ["CON", "con"],
  [".x", "x"],
] as const;

/** Rules 4, 8 and 9: what is not there, what is where, and what is refused. */
export function addressing(subject: BehaviourSubject, { describe, it }: Cases): void {
  const [first] = subject.handlers as [AnyHandler];
  describe("says what is not stored", () => {
    it([4], "as io/not-found with the asset and the place, and no record", async () => {
      await inFolder(subject, async ({ manager }) => {
        for (const handler of [undefined, ...subject.handlers]) {
          const error = await expectError(
            () => manager.loadInput(inputContext("never/stored", { handler })),
            "io/not-found",
            `loading as ${handler?.name ?? "it was stored"}`,
          );
          check(error.asset === "never/stored" && error.message.includes("never/stored"), `the message names no asset: ${error.message}`);
          const place = manager.place?.({ key: "never/stored" }).toLowerCase().split(/[\\/]/).at(-1);
          check(place === undefined || error.message.toLowerCase().includes(place), `the message names no place: ${error.message}`);
        }
        expectEqual(await manager.inspect?.(inputContext("never/stored")), undefined, "the record");
        if (manager.preview)
          await expectError(() => manager.preview!(inputContext("never/stored"), { offset: 0, limit: 1 }), "io/not-found", "a page");
      });
    });

    it([4], "after it was deleted, once or twice; and takes it again", async () => {
      await inFolder(subject, async ({ manager }) => {
        if (!manager.delete) return;
        await manager.delete(inputContext("asset"));
        await storeSample(manager, "asset", first, one);
        await manager.delete(inputContext("asset"));
        await manager.delete(inputContext("asset"));
        await expectError(() => loadExact(manager, "asset"), "io/not-found", "loading what was deleted");
        expectEqual(await manager.inspect?.(inputContext("asset")), undefined, "the record");
        await storeSample(manager, "asset", first, two);
        expectEqual(await loadExact(manager, "asset"), [{ n: 2n }], "rows");
      });
    });
  });

  describe("keeps assets apart", () => {
    it([8], "or says by equal places that it cannot", async () => {
      await inFolder(subject, async ({ manager }) => {
        check(manager.place !== undefined, "it has no place");
        for (const [left, right] of pairs) {
          expectEqual(manager.place({ key: left }), manager.place({ key: left }), "a place asked for twice");
          if (manager.place({ key: left }) === manager.place({ key: right })) continue;
          await storeSample(manager, left, first, one);
          await storeSample(manager, right, first, two);
          expectEqual(await loadExact(manager, left), [{ n: 1n }], `rows of ${left} after ${right} was stored`);
          expectEqual(await loadExact(manager, right), [{ n: 2n }], `rows of ${right}`);
        }
        const ordinary = ["sales", "sales2", "sales/a", "sales/b", "customers"].map((key) => manager.place!({ key }));
        expectEqual(new Set(ordinary).size, ordinary.length, "places of five ordinary assets");
      });
    });

    it([8], "and leads nothing out of its folder", async () => {
      await inFolder(subject, async ({ manager, outside }) => {
        for (const key of ["../outside", "a/../../outside", "/outside", "..", "a\\..\\b", "a\0b"]) {
          await storeSample(manager, key, first, one).catch(() => {}); // refused or not: what counts is where it went
        }
        expectEqual(await outside(), [], "files that escaped: ");
      });
    });
  });

  describe("refuses", () => {
    for (const [index, value] of (subject.refuses ?? [() => 1, Symbol("s")]).entries()) {
      it([9], `a value it cannot store (${index + 1}), naming the asset and what it takes`, async () => {
        await inFolder(subject, async ({ manager }) => {
          await storeSample(manager, "asset", first, one);
          const error = await expectError(() => manager.handleOutput(outputContext("asset"), value), "io/unsupported-value", "storing it");
          check(error.message.includes("asset"), `the message names no asset: ${error.message}`);
          check(
            subject.handlers.some((handler) => `${error.message} ${error.hint}`.includes(handler.name)),
            `it does not say what it takes: ${error.message} ${error.hint}`,
          );
          expectEqual(await loadExact(manager, "asset"), [{ n: 1n }], "the former value");
        });
      });
    }

    it([9], "undefined, which must never look like a value", async () => {
      await inFolder(subject, async ({ manager }) => {
        await storeSample(manager, "asset", first, one);
        await expectError(() => manager.handleOutput(outputContext("asset"), undefined), "run/no-value", "storing undefined");
        expectEqual(await loadExact(manager, "asset"), [{ n: 1n }], "the former value");
      });
    });
  });

  if (subject.storesValues !== true) return;
  describe("gives back values that are no tables", () => {
    const roundTrip = async (value: unknown): Promise<void> => {
      await inFolder(subject, async ({ manager, again }) => {
        await manager.handleOutput(outputContext("value"), value);
        const reader = subject.survivesProcess === false ? manager : again();
        expectEqual(await reader.loadInput(inputContext("value")), value, "the value");
      });
    };
    it([1], "whatever JSON holds", async () => {
      const fc = await loadFastCheck();
      await inFolder(subject, async ({ manager }) => {
        await fc.assert(
          fc.asyncProperty(fc.jsonValue(), async (value) => {
            // arrays of objects are tables
            const stored = { value };
            await manager.handleOutput(outputContext("value"), stored);
            expectEqual(await manager.loadInput(inputContext("value")), stored, "the value");
          }),
          { numRuns: 50 },
        );
      });
    });
    it([1], "and what only structured clone keeps", async () => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      const values = [
        0,
        -0,
        Number.NaN,
        10n,
        "",
        "text",
        true,
        null,
        [1, "two", null],
        new Map([[1, new Set(["a"])]]),
        new Date(0),
        /x/g,
        { a: undefined },
        [new Date(1)],
        cycle,
        new Float32Array([1.5]),
      ];
      for (const value of values) await roundTrip(value);
    });
    it([1], "and bytes", async () => {
      await roundTrip(new Uint8Array([0, 1, 255]));
      await roundTrip(new Uint8Array());
      await roundTrip(Buffer.from("text"));
    });
    it([2], "and no longer after a table took their place, and the other way round", async () => {
      await inFolder(subject, async ({ manager }) => {
        await manager.handleOutput(outputContext("asset"), { a: 1 });
        await storeSample(manager, "asset", first, one);
        expectEqual(await loadExact(manager, "asset"), [{ n: 1n }], "rows");
        await manager.handleOutput(outputContext("asset"), "text");
        expectEqual(await manager.loadInput(inputContext("asset")), "text", "the value");
      });
    });
    it([9], "but not as a table", async () => {
      await inFolder(subject, async ({ manager }) => {
        await manager.handleOutput(outputContext("asset"), { a: 1 });
        for (const handler of [arrow, sql])
          await expectError(() => manager.loadInput(inputContext("asset", { handler })), "io/unsupported-value", `loading it as ${handler.name}`);
      });
    });
    it([1], "and shows them", async () => {
      await inFolder(subject, async ({ manager }) => {
        if (!manager.preview) return;
        for (const [value, rows] of [
          [{ a: 1, b: "x" }, 2],
          ["text", 1],
          [[1, 2, 3], 3],
          [new Map([["k", 1n]]), 1],
          [new Uint8Array([1]), 1],
        ] as const) {
          await manager.handleOutput(outputContext("asset"), value);
          expectEqual((await manager.preview(inputContext("asset"), { offset: 0, limit: 10 })).rows, rows, "rows");
        }
      });
    });
  });
}
