import { expect, test } from "vitest";
import { cellLimit } from "../../runtime/src/model/page.ts";
import { fakeColumns, fakePage } from "./harness/fake-table.ts";
import { createPageCache, pageColumns, pageRows } from "./page-cache.ts";

test("a cell is NULL, a text, or not here; cut cells are known by place", () => {
  const cache = createPageCache(10);
  cache.put(fakePage(1000, fakeColumns(10), { offset: pageRows, limit: pageRows }), 0);
  expect(cache.cell(200, 1)).toBeNull();
  expect(cache.cell(201, 1)).toBe("");
  expect(cache.cell(202, 1)).toBe("NULL");
  expect(cache.cell(0, 1)).toBeUndefined();
  expect(cache.cell(207, 1)?.length).toBe(cellLimit);
  expect([cache.isCut(207, 1), cache.isCut(206, 1), cache.isCut(207, 2)]).toEqual([true, false, false]);
});

test("a page wider than a block is split, so that every column is found", () => {
  const cache = createPageCache(10);
  const page = fakePage(1000, fakeColumns(150), { offset: 0, limit: pageRows });
  cache.put(page, 0);
  expect(cache.size()).toBe(3);
  for (const column of [0, pageColumns - 1, pageColumns, 149]) expect(cache.cell(7, column)).toBe(page.cells[column]?.[7]);
  expect(cache.isCut(7, 1)).toBe(true);
  expect(cache.isCut(7, 65)).toBe(false);
});

test("the page unused for longest is dropped first", () => {
  const cache = createPageCache(2);
  const put = (down: number) => cache.put(fakePage(1000, fakeColumns(1), { offset: down * pageRows, limit: pageRows }), 0);
  put(0);
  put(1);
  cache.touch({ down: 0, across: 0 });
  put(2);
  expect([0, 1, 2].map((down) => cache.has({ down, across: 0 }))).toEqual([true, false, true]);
});
