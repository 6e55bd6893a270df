import type { TextPage } from "../../runtime/src/model/page.ts";

/** Rows of one page. */
export const pageRows = 200;
/** Columns of one page; wider tables come in several pages side by side. */
export const pageColumns = 64;

/** Which page: counted down and across. */
export interface PageSpot {
  readonly down: number;
  readonly across: number;
}

interface CachedPage {
  readonly cells: TextPage["cells"];
  /** `row * columns + column` within the page. */
  readonly cut: ReadonlySet<number>;
}

export interface PageCache {
  /** Splits a page into the spots it covers; it starts at a page's first row and at column `first`. */
  readonly put: (page: TextPage, first: number) => void;
  readonly has: (spot: PageSpot) => boolean;
  /** Marks as used, so that others are dropped first. */
  readonly touch: (spot: PageSpot) => void;
  /** Text of a cell, `null` for NULL, `undefined` while it is not here. */
  readonly cell: (row: number, column: number) => string | null | undefined;
  readonly isCut: (row: number, column: number) => boolean;
  readonly clear: () => void;
  readonly size: () => number;
}

const spotKey = (down: number, across: number) => down * 1024 + across;

/** Pages by spot; holds at most `capacity` and drops the one unused for longest. */
export function createPageCache(capacity: number): PageCache {
  const pages = new Map<number, CachedPage>();

  const find = (row: number, column: number) => pages.get(spotKey(Math.floor(row / pageRows), Math.floor(column / pageColumns)));

  function store(key: number, page: CachedPage) {
    pages.delete(key);
    pages.set(key, page);
    for (const oldest of pages.keys()) {
      if (pages.size <= capacity) return;
      pages.delete(oldest);
    }
  }

  return {
    put(page, first) {
      const width = page.columns.length;
      for (let from = 0; from < width; from += pageColumns) {
        const cells = page.cells.slice(from, from + pageColumns);
        const cut = new Set<number>();
        for (const index of page.cut) {
          const column = (index % width) - from;
          if (column >= 0 && column < cells.length) cut.add(Math.floor(index / width) * pageColumns + column);
        }
        store(spotKey(Math.floor(page.offset / pageRows), Math.floor((first + from) / pageColumns)), { cells, cut });
      }
    },
    has: ({ down, across }) => pages.has(spotKey(down, across)),
    touch({ down, across }) {
      const key = spotKey(down, across);
      const page = pages.get(key);
      if (page) store(key, page);
    },
    cell: (row, column) => find(row, column)?.cells[column % pageColumns]?.[row % pageRows],
    isCut: (row, column) => find(row, column)?.cut.has((row % pageRows) * pageColumns + (column % pageColumns)) ?? false,
    clear: () => pages.clear(),
    size: () => pages.size,
  };
}
