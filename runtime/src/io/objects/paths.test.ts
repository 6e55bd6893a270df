import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyMistake } from "../../model/keys.ts";
import { foldedName, objectPaths } from "./paths.ts";

const part = fc
  .oneof(
    fc.string({ unit: fc.constantFrom("a", "B", "1", "_", "-", ".", "é", "ß", "数"), minLength: 1, maxLength: 12 }),
    fc.constantFrom("CON", "con", "nul.parquet", "COM1", ".hidden", "...x", "a.parquet", "a.json", "values", ".values", "@", "record.json"),
    fc.integer({ min: 100, max: 400 }).map((length) => "long".repeat(length)),
  )
  .filter((text) => keyMistake(text) === undefined);
const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const extension = fc.constantFrom("parquet", "json", "bin", "v8");

describe("object paths", () => {
  it("gives different keys places of which none is, or lies inside, another's file", () => {
    fc.assert(
      fc.property(key, key, extension, extension, (one, other, oneExtension, otherExtension) => {
        fc.pre(one !== other);
        const [a, b] = [objectPaths(one), objectPaths(other)];
        const [aFile, bFile] = [`${a.shown}.${oneExtension}`, `${b.shown}.${otherExtension}`];
        expect(aFile).not.toBe(bFile);
        expect(aFile.startsWith(`${bFile}/`)).toBe(false);
        expect(a.slot).not.toBe(b.slot);
        expect(a.slot === bFile || a.slot.startsWith(`${bFile}/`)).toBe(false);
        expect(a.shown.startsWith(".values/")).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("gives only names that every file system takes", () => {
    fc.assert(
      fc.property(key, (text) => {
        for (const path of [`${objectPaths(text).shown}.parquet`, objectPaths(text).slot]) {
          for (const name of path.split("/")) {
            expect(Buffer.byteLength(name)).toBeLessThanOrEqual(220);
            expect(name).not.toMatch(/^(con|nul|com1)(\.|@|$)/i);
            expect(name).not.toMatch(/[<>:"|?*\\]|[. ]$/);
          }
        }
      }),
    );
  });

  it("shows an ordinary key as it is", () => {
    expect(objectPaths("sales/summary_2.1")).toMatchObject({ shown: "sales/summary_2.1", slot: ".values/sales/summary_2.1@" });
    expect(objectPaths("v1.2/sales").shown).toBe("v1.2@/sales");
  });

  it("refuses what leads out of the folder", () => {
    for (const bad of ["../x", "a/../b", "/etc/passwd", "a//b", "", ".", "a/..", "C:\\x", "a\0b", "a=b", "a@b", "a%b"])
      expect(() => objectPaths(bad)).toThrow(/asset key/);
  });

  it("finds two keys equal that some file system takes for one", () => {
    expect(foldedName("Sales/STRASSE")).toBe(foldedName("sales/straße"));
    expect(foldedName("caf\u00e9")).toBe(foldedName("cafe\u0301"));
    expect(foldedName("sales")).not.toBe(foldedName("sale"));
  });
});
