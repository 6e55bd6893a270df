import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buffer, bytes } from "./bytes.ts";
import type { AnyFormat } from "./format.ts";
import { freezePlain } from "./freeze.ts";
import { json } from "./json.ts";
import { cloneMistake, structuredCloned } from "./structured-clone.ts";

async function roundTrip(format: AnyFormat, value: unknown): Promise<unknown> {
  const { signal } = new AbortController();
  let stored: Uint8Array | undefined;
  await format.write(value, {
    signal,
    write: async (content) => {
      stored = content instanceof Uint8Array ? Uint8Array.from(content) : undefined;
    },
  });
  return format.read({ signal, bytes: async () => stored! });
}
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withUnicodeString: true,
  withNullPrototype: true,
  withBoxedValues: true,
  withObjectString: true,
});

describe.each([json, structuredCloned, bytes, buffer] as readonly AnyFormat[])("$name", (format) => {
  it("gives back equal whatever it accepts", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        format.extension === "bin"
          ? fc.uint8Array().map((value) => (format.name === "buffer" ? Buffer.from(value) : Uint8Array.from(value)))
          : anything,
        async (value) => {
          if (!format.accepts(value)) return;
          accepted += 1;
          expect(isDeepStrictEqual(await roundTrip(format, value), value)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe("json", () => {
  it("accepts only what it keeps", () => {
    const shared = {};
    const kept = [null, 0, 1.5, "\ud800", "\u{1F600}", [], {}, [[1, "a", null]], JSON.parse('{"__proto__": 1}'), Object.freeze({ a: 1 })];
    const lost = [
      undefined,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      new Date(),
      [undefined],
      new Array(2),
      { a: undefined },
      [shared, shared],
      new (class A {})(),
      { toJSON: () => 1 },
      {
        get a() {
          return 1;
        },
      },
      { [Symbol("s")]: 1 },
      Object.assign([1], { more: 1 }),
      Object.create(null),
      () => 1,
    ];
    for (const value of kept) expect([value, json.accepts(value)]).toEqual([value, true]);
    for (const value of lost) expect([value, json.accepts(value)]).toEqual([value, false]);
  });

  it("looks to any depth, and refuses to write what is nested too deeply for it", async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(json.accepts(deep)).toBe(true);
    expect(structuredCloned.accepts(deep)).toBe(true);
    for (const format of [json, structuredCloned]) await expect(roundTrip(format, deep)).rejects.toMatchObject({ code: "io/unsupported-value" });
  });
});

describe("structured clone", () => {
  it("says what it would lose, and where", () => {
    class Shop {}
    expect(cloneMistake({ a: [1, { b: () => 1 }] })).toBe("value.a[1].b is a function");
    expect(cloneMistake({ "a b": Symbol("x") })).toBe('value["a b"] is a symbol');
    expect(cloneMistake(new Map([["k", new Shop()]]))).toBe("value (an item) is an instance of Shop");
    expect(
      cloneMistake({
        get a() {
          return 1;
        },
      }),
    ).toBe("value.a is computed by a getter");
    expect(cloneMistake(new Proxy({}, {}))).toBe("value is a Proxy");
    expect(cloneMistake(Promise.resolve())).toBe("value is an instance of Promise");
    expect(cloneMistake(new (class Index extends Map {})())).toBe("value is an instance of Index");
    expect(cloneMistake(Object.assign(new Error("x"), { code: 1 }))).toBe("value is an instance of Error");
    expect(cloneMistake(new RangeError("x", { cause: { a: 1 } }))).toBeUndefined();
  });
});

it("freezes arrays and plain objects to the bottom, in cycles too, and nothing else", () => {
  const value: { list: { n: number }[]; bytes: Uint8Array; map: Map<string, number>; self?: unknown } = {
    list: [{ n: 1 }],
    bytes: new Uint8Array(1),
    map: new Map(),
  };
  value.self = value;
  freezePlain(value);
  expect(() => value.list.push({ n: 2 })).toThrow(TypeError);
  expect(() => Object.assign(value.list[0]!, { n: 2 })).toThrow(TypeError);
  value.bytes[0] = 1;
  value.map.set("a", 1);
  expect([value.bytes[0], value.map.size]).toEqual([1, 1]);
});
