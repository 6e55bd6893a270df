import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { Filter, PageColumn, PageRequest, Sort, TextPage } from "../../runtime/src/model/page.ts";
import { createPageCache, type PageSpot, pageColumns, pageRows } from "./page-cache.ts";

export interface Query {
  readonly sort: readonly Sort[];
  readonly filter: readonly Filter[];
}
/** Cells on the screen; both ends included. */
export interface Viewport {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * "live": asks for what is missing. "paused": shows what is here, asks for nothing.
 * "outdated": the table was stored anew; pages here stay, and a missing one is reported, since it would be of the new table.
 */
export type PagerMode = "live" | "paused" | "outdated";

export interface PagerOptions {
  /** Sends a request and returns its number. */
  readonly send: (request: PageRequest) => number;
  readonly cancel: (id: number) => void;
  /** Runs later; returns what calls it off. */
  readonly later: (run: () => void, ms: number) => () => void;
  readonly now: () => number;
  /** Pages kept. */
  readonly capacity?: number;
  readonly onPage: (page: { readonly columns: readonly PageColumn[]; readonly rows: number; readonly ms: number; readonly first: boolean }) => void;
  readonly onError: (error: ErrorInfo) => void;
  /** The number of rows changed under the reader: another table is stored now. */
  readonly onChanged: () => void;
  /** In mode "outdated": a page that is not here is needed. */
  readonly onOutdatedMiss: () => void;
}

/** Milliseconds that a dragged scrollbar rests before pages are asked for. */
export const restMs = 60;
const requestsAtOnce = 2;

export interface Pager {
  /** Forgets all pages and answers under way; `keepColumns` for a sort or filter of the same table. */
  readonly start: (query: Query, keepColumns: boolean) => void;
  readonly look: (viewport: Viewport) => void;
  readonly setMode: (mode: PagerMode) => void;
  /** False when the answer is one that is not wanted any more. */
  readonly receive: (id: number, page: TextPage, ms: number) => boolean;
  readonly refuse: (id: number, error: ErrorInfo) => boolean;
  /** Asks again for what failed. */
  readonly retry: () => void;
  readonly cell: (row: number, column: number) => string | null | undefined;
  readonly isCut: (row: number, column: number) => boolean;
  /** Requests without an answer yet. */
  readonly waiting: () => number;
  /** Grows with each `start`: an answer belongs to the generation it was asked in. */
  readonly generation: () => number;
}

/** Decides which pages to ask for, when, and which answers still count. Starts "paused". */
export function createPager(options: PagerOptions): Pager {
  const cache = createPageCache(options.capacity ?? 60);
  const waiting = new Map<number, { readonly spot: PageSpot; readonly generation: number; readonly all: boolean }>();
  const failed = new Set<string>();
  let generation = 0;
  let query: Query = { sort: [], filter: [] };
  let mode: PagerMode = "paused";
  let viewport: Viewport = { top: 0, bottom: 0, left: 0, right: 0 };
  let columns: readonly PageColumn[] | undefined;
  let rows: number | undefined;
  let changedAt = Number.NEGATIVE_INFINITY;
  let stopTimer: (() => void) | undefined;

  const failKey = ({ down, across }: PageSpot) => `${down}:${across}`;

  /** Visible pages first, then the neighbours that a small scroll would show. */
  function wanted(): PageSpot[] {
    const last = rows === undefined ? viewport.bottom : Math.max(0, Math.min(viewport.bottom, rows - 1));
    const spots: PageSpot[] = [];
    const add = (row: number) => {
      if (row < 0 || (rows !== undefined && row >= rows && row > 0)) return;
      const down = Math.floor(row / pageRows);
      const right = Math.min(viewport.right, (columns?.length ?? 1) - 1);
      for (let across = Math.floor(viewport.left / pageColumns); across <= Math.floor(right / pageColumns); across++) {
        if (!spots.some((spot) => spot.down === down && spot.across === across)) spots.push({ down, across });
      }
    };
    for (let row = Math.min(viewport.top, last); row <= last; row += pageRows) add(row);
    add(last);
    if (columns) {
      add(last + pageRows / 2);
      add(viewport.top - pageRows / 2);
    }
    return spots;
  }

  function request(spot: PageSpot): void {
    const known = columns;
    const all = known === undefined || known.length <= pageColumns;
    const names = all ? undefined : known.slice(spot.across * pageColumns, (spot.across + 1) * pageColumns).map((column) => column.name);
    const id = options.send({
      offset: spot.down * pageRows,
      limit: pageRows,
      ...(names === undefined ? {} : { columns: names }),
      ...(query.sort.length === 0 ? {} : { sort: query.sort }),
      ...(query.filter.length === 0 ? {} : { filter: query.filter }),
    });
    waiting.set(id, { spot, generation, all: names === undefined });
  }

  function pump(): void {
    stopTimer?.();
    stopTimer = undefined;
    if (mode === "paused") return;
    const spots = wanted();
    for (const [id, { spot }] of waiting) {
      if (spots.some((other) => other.down === spot.down && other.across === spot.across)) continue;
      waiting.delete(id);
      options.cancel(id);
    }
    for (const spot of spots) {
      if (cache.has(spot)) {
        cache.touch(spot);
        continue;
      }
      if (failed.has(failKey(spot))) continue;
      if ([...waiting.values()].some((other) => other.spot.down === spot.down && other.spot.across === spot.across)) continue;
      if (mode === "outdated") {
        options.onOutdatedMiss();
        return;
      }
      // Until the columns are known, the first page alone tells them.
      if (waiting.size >= (columns ? requestsAtOnce : 1)) return;
      request(spot);
    }
  }

  function drop(): void {
    for (const id of waiting.keys()) options.cancel(id);
    waiting.clear();
    stopTimer?.();
    stopTimer = undefined;
  }

  return {
    start(next, keepColumns) {
      drop();
      generation++;
      query = next;
      cache.clear();
      failed.clear();
      rows = undefined;
      if (!keepColumns) columns = undefined;
      if (mode === "outdated") mode = "live";
      pump();
    },
    look(next) {
      const far = Math.abs(next.top - viewport.top) > pageRows || Math.abs(next.left - viewport.left) > pageColumns;
      viewport = next;
      if (!far && !stopTimer) return pump();
      stopTimer?.();
      stopTimer = options.later(pump, restMs);
    },
    setMode(next) {
      mode = next;
      pump();
    },
    receive(id, page, ms) {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (asked?.generation !== generation) return false;
      if (rows !== undefined && page.rows !== rows && options.now() - changedAt > 2000) {
        changedAt = options.now();
        options.onChanged();
        return true;
      }
      const first = rows === undefined;
      rows = page.rows;
      if (asked.all) columns = page.columns;
      cache.put(page, asked.all ? 0 : asked.spot.across * pageColumns);
      options.onPage({ columns: columns ?? page.columns, rows, ms, first });
      // While the scrollbar is dragged, the rest after it asks.
      if (!stopTimer) pump();
      return true;
    },
    refuse(id, error) {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (asked?.generation !== generation) return false;
      failed.add(failKey(asked.spot));
      options.onError(error);
      if (!stopTimer) pump();
      return true;
    },
    retry() {
      failed.clear();
      pump();
    },
    cell: cache.cell,
    isCut: cache.isCut,
    waiting: () => waiting.size,
    generation: () => generation,
  };
}
