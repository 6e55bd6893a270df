import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { link, md, table } from "../assets/context.ts";
import { addMetadata } from "./said-metadata.ts";

const said = (...more: readonly unknown[]) => {
  const found: Record<string, unknown> = {};
  for (const each of more) addMetadata(found, each);
  return found;
};

describe("what run says about its value", () => {
  it("is kept as plain data, the last of a name", () => {
    const note = {
      note: md("**bold**"),
      more: link(new URL("https://example.org/")),
      top: table([{ a: 1 }]),
      n: 1.5,
      big: 2n ** 70n,
      at: new Date(0),
    };
    expect(said({ n: 1, first: true }, note)).toEqual({
      first: true,
      note: { type: "markdown", text: "**bold**" },
      more: { type: "link", url: "https://example.org/", text: "https://example.org/" },
      top: { type: "table", lines: [{ a: 1 }] },
      n: 1.5,
      big: "1180591620717411303424",
      at: "1970-01-01T00:00:00.000Z",
    });
    expect(said({ nan: Number.NaN, f: () => 1, u: undefined, bytes: new Uint8Array(3) })).toEqual({ nan: "NaN", bytes: "3 bytes" });
  });

  it("is cut where it is too long, and says so", () => {
    const found = said({
      text: "x".repeat(20_000),
      list: Array.from({ length: 1500 }, (_, i) => i),
      top: table(Array.from({ length: 1001 }, () => ({ a: 1 }))),
    });
    expect(found["text"]).toBe(`${"x".repeat(10_000)}… (20000 characters)`);
    expect((found["list"] as unknown[]).slice(-2)).toEqual([999, "… 500 more"]);
    expect((found["top"] as { lines: unknown[] }).lines).toHaveLength(1001);
    const many = said(...Array.from({ length: 40 }, (_, i) => ({ [`text${i}`]: "y".repeat(10_000) })));
    expect(JSON.stringify(many).length).toBeLessThan(210_000);
    expect(many["text0"]).toBe("y".repeat(10_000));
    expect(many["text39"]).toMatch(/^… left out: 10002 characters/);
    expect(said({ text: "y".repeat(9000) }, { text: "z" })).toEqual({ text: "z" });
  });

  it("never grows beyond its bound, and survives JSON and structured clone, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true })),
        ),
        (calls) => {
          const found = said(...calls);
          expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(structuredClone(found))));
          expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("may contain itself, many times over", () => {
    const cycle: unknown[] = [];
    for (let i = 0; i < 30; i++) cycle.push(cycle, { cycle, i });
    const found = said({ cycle });
    expect(JSON.stringify(found).length).toBeLessThan(210_000);
    expect(found["cycle"]).toMatch(/^… left out/);
  });

  it("has a name for each value", () => {
    for (const wrong of ["text", 3, null, undefined, ["a"]])
      expect(() => said(wrong)).toThrow(/context\.metadata\(\) was given .* where it takes an object/);
  });
});
