import { tableFromIPC } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { rows } from "../handlers/rows.ts";
import { inputContext, outputContext } from "../testing/contexts.ts";
import { inMemory } from "./in-memory.ts";
import { valueTable } from "./value-table.ts";

describe("inMemory()", () => {
  it("keeps the reference, frozen, so that no reader changes what another sees", async () => {
    const manager = inMemory();
    const value = [{ n: 1, list: [1] }];
    await manager.handleOutput(outputContext("a"), value);
    expect(await manager.loadInput(inputContext("a"))).toBe(value);
    expect(() => value[0]!.list.push(2)).toThrow(TypeError);
    expect(await manager.loadInput(inputContext("a", { handler: rows() }))).toEqual([{ n: 1, list: [1] }]);
  });

  it("leaves values as they are where freezing is off", async () => {
    const manager = inMemory({ freeze: false });
    const value = { list: [1] };
    await manager.handleOutput(outputContext("a"), value);
    value.list.push(2);
    expect(await manager.loadInput(inputContext("a"))).toEqual({ list: [1, 2] });
  });

  it("keeps instances of classes and functions too", async () => {
    const manager = inMemory();
    const value = { run: () => 1, when: new Date() };
    await manager.handleOutput(outputContext("a"), value);
    expect(await manager.loadInput(inputContext("a"))).toBe(value);
  });

  it("shares nothing with another one", async () => {
    const [one, other] = [inMemory(), inMemory()];
    await one.handleOutput(outputContext("a"), 1);
    await expect(other.loadInput(inputContext("a"))).rejects.toMatchObject({ code: "io/not-found" });
    expect(one.place?.({ key: "a" })).not.toBe(other.place?.({ key: "a" }));
    expect(one.reach).toBe("process");
  });
});

describe("a value that is no table, shown as one", () => {
  const shown = (value: unknown) => {
    const { schema, batches } = valueTable(value);
    const lines = [...(batches as Iterable<{ toArray: () => readonly { toJSON: () => unknown }[] }>)].flatMap((batch) =>
      batch.toArray().map((line) => line.toJSON()),
    );
    return { columns: schema.fields.map((field) => `${field.name} ${field.type}`), lines };
  };
  it("has a column per property for an array of objects, typed where all agree", () => {
    expect(
      shown([
        { n: 1, t: "x" },
        { n: null, more: [1] },
      ]),
    ).toEqual({
      columns: ["n Float64", "t Utf8", "more Utf8"],
      lines: [
        { n: 1, t: "x", more: null },
        { n: null, t: null, more: "[ 1 ]" },
      ],
    });
  });
  it("has a line per entry of an object and a map, and per item of a list", () => {
    expect(shown({ a: 1, b: "x" }).lines).toEqual([
      { key: "a", value: "1" },
      { key: "b", value: "x" },
    ]);
    expect(shown(new Map([[1, true]]))).toEqual({ columns: ["key Utf8", "value Bool"], lines: [{ key: "1", value: true }] });
    expect(shown(new Set(["a"])).lines).toEqual([{ value: "a" }]);
    expect(shown([]).lines).toEqual([]);
  });
  it("is one cell otherwise; null is null", () => {
    expect(shown(null).lines).toEqual([{ value: null }]);
    expect(shown(10n).lines).toEqual([{ value: "10" }]);
    expect(shown(new Date(0)).lines).toEqual([{ value: "1970-01-01T00:00:00.000Z" }]);
    expect(shown({}).lines).toEqual([{ value: "{}" }]);
    expect(shown(new Uint8Array([7])).columns).toEqual(["value Binary"]);
  });
  it("is paged like a table", async () => {
    const manager = inMemory();
    await manager.handleOutput(
      outputContext("a"),
      Array.from({ length: 100 }, (_, i) => i),
    );
    const page = await manager.preview!(inputContext("a"), { offset: 10, limit: 2, sort: [{ column: "value", descending: true }] });
    expect(page.rows).toBe(100);
    expect(
      tableFromIPC(page.ipc)
        .toArray()
        .map((line) => line["value"]),
    ).toEqual([89, 88]);
  });
});
