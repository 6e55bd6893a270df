import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { PageColumn, PageRequest, TextPage } from "../../runtime/src/model/page.ts";
import {
  readView,
  storedVersion,
  type TableAction,
  type TableMessage,
  type TableRequest,
  type TableSnapshot,
  type TableView,
} from "../../runtime/src/model/table-messages.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";
import type { Host } from "../shared/host.ts";
import { createPager, type Pager, type Query } from "./pager.ts";

export interface TableState {
  readonly snapshot: TableSnapshot | undefined;
  readonly locale: string;
  readonly query: Query;
  /** Columns of the rows shown, or those known before the first page. */
  readonly columns: readonly PageColumn[] | undefined;
  /** Rows that pass the filter; left out until the first page of this query is here. */
  readonly rows: number | undefined;
  /** Rows without a filter, as far as known. */
  readonly total: number | undefined;
  /** True once a page of the stored table has been shown. */
  readonly loaded: boolean;
  /** How long the runner took for the last page. */
  readonly ms: number | undefined;
  readonly error: ErrorInfo | undefined;
  /** Another value has been stored since the rows on the screen were read. */
  readonly newer: boolean;
  /** Grows each time rows are read anew. */
  readonly generation: number;
}

/** Thrown by `collect` and `whole` where no answer can come any more. */
export class Withdrawn extends Error {}

export interface TableSession {
  readonly state: () => TableState;
  readonly subscribe: (changed: () => void) => () => void;
  readonly pager: Pick<Pager, "look" | "cell" | "isCut">;
  /** Called after each page, so that cells can be drawn. */
  readonly onCells: (draw: () => void) => () => void;
  readonly setQuery: (query: Query) => void;
  /** Reads the table anew, columns too. */
  readonly refresh: () => void;
  /** Asks again for what failed. */
  readonly retry: () => void;
  /** While the reader holds a place in the rows, newer rows are offered, not swapped in. */
  readonly setHeld: (held: boolean) => void;
  /** A whole cell. Rejects with `Withdrawn` or the runner's error. */
  readonly whole: (row: number, column: string) => Promise<string | null>;
  /** Rows from one to another, both included, of those columns. */
  readonly collect: (top: number, bottom: number, columns: readonly string[]) => Promise<TextPage>;
  readonly act: (action: TableAction) => void;
  readonly copy: (text: string) => void;
  readonly keep: (part: Partial<Pick<TableView, "widths" | "row" | "column">>) => void;
  /** The view of before, once the subject is known. */
  readonly kept: () => TableView | undefined;
}

export interface SessionOptions {
  /** Runs when a dragged scrollbar has rested for that long. */
  readonly afterRest?: (run: () => void, ms: number) => () => void;
  readonly later?: (run: () => void, ms: number) => () => void;
  readonly now?: () => number;
  readonly onTexts?: (texts: TableTexts) => void;
}

const timer = (run: () => void, ms: number) => {
  const id = setTimeout(run, ms);
  return () => clearTimeout(id);
};

/** Counts frames besides time: where a frame takes longer than the rest, the scrollbar may still be moving. */
const timerAndFrames = (run: () => void, ms: number) => {
  let frame = 0;
  const stop = timer(() => {
    frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(run);
    });
  }, ms);
  return () => {
    stop();
    cancelAnimationFrame(frame);
  };
};

/** Everything the page knows, without a pixel: a fold over the host's messages and the reader's choices. */
export function createSession(host: Host<TableRequest, TableMessage>, options: SessionOptions = {}): TableSession {
  const later = options.later ?? timer;
  const now = options.now ?? Date.now;
  const afterRest = options.afterRest ?? timerAndFrames;
  const listeners = new Set<() => void>();
  const drawers = new Set<() => void>();
  const answers = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void }>();
  let lastId = 0;
  let held = false;
  let shown: string | undefined;
  let view: TableView | undefined;
  let keeping = false;
  let state: TableState = {
    snapshot: undefined,
    locale: "en",
    query: { sort: [], filter: [] },
    columns: undefined,
    rows: undefined,
    total: undefined,
    loaded: false,
    ms: undefined,
    error: undefined,
    newer: false,
    generation: 0,
  };

  function set(part: Partial<TableState>): void {
    state = { ...state, ...part };
    for (const changed of listeners) changed();
  }
  const draw = () => {
    for (const drawer of drawers) drawer();
  };

  const pager = createPager({
    send(request) {
      host.send({ type: "page", id: ++lastId, request });
      return lastId;
    },
    cancel: (id) => host.send({ type: "cancel", id }),
    later: afterRest,
    now,
    onPage({ columns, rows, ms, first }) {
      if (first) shown ??= storedVersion(state.snapshot?.status);
      const total = state.query.filter.length === 0 ? rows : (state.total ?? state.snapshot?.status?.rows);
      set({ columns, rows, total, ms, loaded: true, error: undefined });
      draw();
      if (first) host.send({ type: "shown", rows, columns: columns.length });
    },
    onError(error) {
      set({ error });
      draw();
    },
    onChanged: refresh,
    onOutdatedMiss: refresh,
  });

  /** Forgets pages and answers; `keepColumns` while the stored table is the same. */
  function restart(keepColumns: boolean): void {
    for (const [id, { reject }] of answers) {
      host.send({ type: "cancel", id });
      reject(new Withdrawn());
    }
    answers.clear();
    if (!keepColumns) shown = storedVersion(state.snapshot?.status);
    set({ rows: undefined, error: undefined, generation: state.generation + 1, ...(keepColumns ? {} : { newer: false, total: undefined }) });
    pager.start(state.query, keepColumns);
    draw();
  }
  function refresh(): void {
    restart(false);
  }

  function retry(): void {
    if (state.rows === undefined) restart(false);
    else {
      set({ error: undefined });
      pager.retry();
    }
  }

  function keepSoon(): void {
    if (keeping) return;
    keeping = true;
    later(() => {
      keeping = false;
      if (view) host.keep(view);
    }, 250);
  }

  function setSnapshot(snapshot: TableSnapshot): void {
    const before = state.snapshot;
    const stored = storedVersion(snapshot.status);
    set({ snapshot, columns: state.columns ?? snapshot.columns });
    const ready = snapshot.runner === "ready" && !snapshot.error && snapshot.status?.state !== "missing";
    if (!ready) {
      // Pages that are here stay readable, unless the table itself is gone.
      if (snapshot.status?.state === "missing" && state.loaded) {
        shown = undefined;
        set({ loaded: false, rows: undefined, total: undefined });
      }
      pager.setMode("paused");
      return;
    }
    const newer = state.loaded && shown !== undefined && stored !== undefined && stored !== shown;
    if (newer && held) {
      set({ newer: true });
      pager.setMode("outdated");
      return;
    }
    const changed = before?.runner !== "ready" || storedVersion(before.status) !== stored;
    pager.setMode("live");
    if (newer) restart(false);
    else if (state.error && changed) retry();
  }

  function settle(id: number, answer: { readonly value: unknown } | { readonly error: ErrorInfo }): void {
    const waiting = answers.get(id);
    answers.delete(id);
    if (!waiting) return;
    if ("error" in answer) waiting.reject(answer.error);
    else waiting.resolve(answer.value as never);
  }

  host.listen((message) => {
    switch (message.type) {
      case "show": {
        options.onTexts?.(message.texts);
        const { subject } = message.snapshot;
        view = readView(host.kept(), subject) ?? { version: 1, subject, sort: [], filter: [], widths: {}, row: 0 };
        host.keep(view);
        set({ locale: message.locale, query: { sort: view.sort, filter: view.filter } });
        pager.start(state.query, false);
        setSnapshot(message.snapshot);
        return;
      }
      case "snapshot":
        return setSnapshot(message.snapshot);
      case "page":
        if (!pager.receive(message.id, message.page, message.ms)) settle(message.id, { value: message.page });
        return;
      case "cell":
        return settle(message.id, { value: message.text });
      case "refused":
        if (!pager.refuse(message.id, message.error)) settle(message.id, { error: message.error });
    }
  });

  function ask<Value>(message: (id: number) => TableRequest): Promise<Value> {
    const id = ++lastId;
    return new Promise<Value>((resolve, reject) => {
      answers.set(id, { resolve, reject });
      host.send(message(id));
    });
  }

  return {
    state: () => state,
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    pager,
    onCells(drawer) {
      drawers.add(drawer);
      return () => drawers.delete(drawer);
    },
    setQuery(query) {
      set({ query });
      if (view) view = { ...view, sort: query.sort, filter: query.filter };
      keepSoon();
      // Rows sorted anew come from what is stored now.
      restart(!state.newer);
    },
    refresh,
    retry,
    setHeld(next) {
      held = next;
    },
    whole: (row, column) => ask((id) => ({ type: "cell", id, cell: { row, column, ...state.query } })),
    collect(top, bottom, columns) {
      const { sort, filter } = state.query;
      const request: PageRequest = { offset: top, limit: bottom - top + 1, columns, sort, filter };
      return ask((id) => ({ type: "page", id, request }));
    },
    act: (action) => host.send({ type: "action", action }),
    copy: (text) => host.send({ type: "copy", text }),
    keep(part) {
      if (!view) return;
      view = { ...view, ...part };
      keepSoon();
    },
    kept: () => view,
  };
}
