import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CellKind, PageColumn } from "../../runtime/src/model/page.ts";
import { describeFilter, draftMistake, emptyDraft, filterByCell, operatorsFor, toDraft, toFilter } from "./filters.ts";

const column = (kind: CellKind): PageColumn => ({ name: "x", type: "T", kind });
const kinds: readonly CellKind[] = ["number", "text", "boolean", "time", "binary", "nested"];

test("every kind can be asked for NULL and for not NULL, and starts with a comparison it offers", () => {
  for (const kind of kinds) {
    expect(operatorsFor(kind)).toEqual(expect.arrayContaining(["is-null", "is-not-null"]));
    expect(operatorsFor(kind)).toContain(emptyDraft(kind).operator);
  }
});

test("a filter comes back from its draft unchanged", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...operatorsFor("text")), (value, operator) => {
      const filter = toFilter(column("text"), { operator, value });
      expect(toFilter(column("text"), toDraft(filter))).toEqual(filter);
      if (filter.value !== undefined) expect(filter.value).toBe(value);
    }),
  );
});

describe("drafts", () => {
  test("a number is a number, however large, and is not parsed", () => {
    for (const value of ["10", "-2.5e3", " 9223372036854775807 ", "NaN", "-Infinity", ".5"])
      expect(draftMistake("number", { operator: "eq", value })).toBeUndefined();
    for (const value of ["", "ten", "1,000", "0x10"]) expect(draftMistake("number", { operator: "eq", value })).toBe("filter.needNumber");
    expect(toFilter(column("number"), { operator: "eq", value: " 9223372036854775807 " }).value).toBe("9223372036854775807");
  });
  test("an empty text is a value to compare with, not one to search for", () => {
    expect(draftMistake("text", { operator: "eq", value: "" })).toBeUndefined();
    expect(draftMistake("text", { operator: "contains", value: "" })).toBe("filter.needValue");
  });
  test("NULL needs no value", () => {
    expect(draftMistake("time", { operator: "is-null", value: "" })).toBeUndefined();
    expect(toFilter(column("time"), { operator: "is-null", value: "left over" })).toEqual({ column: "x", operator: "is-null" });
  });
});

test("like this cell: NULL, the empty string and the text NULL ask for different rows", () => {
  const filters = [null, "", "NULL"].map((text) => filterByCell(column("text"), text, true));
  expect(filters).toEqual([
    { column: "x", operator: "is-null" },
    { column: "x", operator: "eq", value: "" },
    { column: "x", operator: "eq", value: "NULL" },
  ]);
  expect(filterByCell(column("text"), null, false)).toEqual({ column: "x", operator: "is-not-null" });
  expect(filterByCell(column("nested"), "{}", true)).toBeUndefined();
});

test("a filter reads as a condition, texts in quotes", () => {
  const word = (operator: string) => `«${operator}»`;
  expect(describeFilter({ column: "x", operator: "ge", value: "10" }, "number", word)).toBe("≥ 10");
  expect(describeFilter({ column: "x", operator: "contains", value: " a" }, "text", word)).toBe('«contains» " a"');
  expect(describeFilter({ column: "x", operator: "is-null" }, "text", word)).toBe("«is-null»");
});
