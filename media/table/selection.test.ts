import { expect, test } from "vitest";
import { boxCells, boxOf, inBox, longestRun, moved, single, wholeRows } from "./selection.ts";

const size = { rows: 10_000_000, columns: 4 };

test("a selection is a rectangle, whichever way it was drawn", () => {
  const box = boxOf({ anchor: { row: 5, column: 3 }, head: { row: 2, column: 1 } });
  expect(box).toEqual({ top: 2, bottom: 5, left: 1, right: 3 });
  expect(boxCells(box)).toBe(12);
  expect([inBox(box, 2, 1), inBox(box, 5, 3), inBox(box, 6, 3), inBox(box, 3, 0)]).toEqual([true, true, false, false]);
  expect(boxCells(boxOf(single({ row: 1, column: 1 })))).toBe(1);
  expect(boxOf(wholeRows(9, 7, 4))).toEqual({ top: 7, bottom: 9, left: 0, right: 3 });
});

test("keys lead to every edge and never past it", () => {
  const from = { row: 50, column: 2 };
  expect(moved(from, "End", true, size, 20)).toEqual({ row: 9_999_999, column: 3 });
  expect(moved(from, "Home", true, size, 20)).toEqual({ row: 0, column: 0 });
  expect(moved(from, "End", false, size, 20)).toEqual({ row: 50, column: 3 });
  expect(moved(from, "ArrowDown", true, size, 20)).toEqual({ row: 9_999_999, column: 2 });
  expect(moved(from, "PageUp", false, size, 60)).toEqual({ row: 0, column: 2 });
  expect(moved({ row: 9_999_999, column: 3 }, "ArrowRight", false, size, 20)).toEqual({ row: 9_999_999, column: 3 });
  expect(moved(from, "Enter", false, size, 20)).toBeUndefined();
});

test("the longest run of rows leaves out a lone one far away", () => {
  expect(longestRun([500, 7, 501, 502, 8])).toEqual([500, 502]);
  expect(longestRun([3])).toEqual([3, 3]);
  expect(longestRun([])).toBeUndefined();
});
