import type { CellContextMenuEvent, CellFocusedEvent, CellMouseDownEvent, GridApi, SuppressKeyboardEventParams } from "ag-grid-community";
import type { Ref } from "react";
import type { PageColumn, Sort } from "../../runtime/src/model/page.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";
import { boxOf, type CellSpot, inBox, longestRun, moved, type Selection, single, wholeRows } from "./selection.ts";
import type { TableSession } from "./session.ts";

export const numberColumn = "#";

export interface GridHandle {
  /** Scrolls to a row and focuses it. */
  readonly goTo: (row: number) => void;
  readonly focus: () => void;
  /** Scrolls as little as needed, and focuses nothing. */
  readonly show: (spot: CellSpot) => void;
}
export interface GridProps {
  readonly ref?: Ref<GridHandle>;
  readonly session: TableSession;
  readonly texts: TableTexts;
  readonly nonce: string;
  readonly columns: readonly PageColumn[];
  /** Rows to scroll through, while they are being read too. */
  readonly rows: number;
  readonly sort: readonly Sort[];
  readonly filtered: ReadonlySet<string>;
  readonly generation: number;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
  readonly onSort: (sort: readonly Sort[]) => void;
  readonly onOpen: (spot: CellSpot) => void;
  readonly onMenu: (spot: CellSpot, x: number, y: number) => void;
  readonly onFilter: (column: PageColumn, near: Element) => void;
  readonly onRows: (first: number, last: number) => void;
}

/** What changes too often for the grid's own options, read through one object. */
export type Latest = GridProps & { pressing: boolean };

export const columnId = (index: number) => `c${index}`;
export const columnIndex = (id: string) => (id === numberColumn ? -1 : Number(id.slice(1)));

/** What the grid's events do; made once, and always acting on the latest properties. */
export function gridActions(
  latest: { readonly current: Latest },
  api: { readonly current: GridApi | undefined },
  shell: { readonly current: HTMLDivElement | null },
) {
  let asked = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  let restored = false;
  let wheelRest = 0;

  /** The rows' part of the screen, one row of it, and how high a row is. */
  function place() {
    const viewport = shell.current?.querySelector(".ag-grid-viewport");
    const header = shell.current?.querySelector(".ag-header");
    const row = shell.current?.querySelector(".ag-grid-scrolling-container > .ag-row[row-index]");
    if (!viewport || !header) return undefined;
    const top = header.getBoundingClientRect().bottom;
    const scrollbar = shell.current?.querySelector(".ag-body-horizontal-scroll")?.getBoundingClientRect();
    const bottom = viewport.getBoundingClientRect().top + viewport.clientHeight;
    const height = (scrollbar && scrollbar.height > 0 ? Math.min(bottom, scrollbar.top) : bottom) - top;
    const box = row?.getBoundingClientRect();
    return { top, height, index: Number(row?.getAttribute("row-index") ?? 0), rowTop: box?.top ?? top, rowHeight: box?.height || 24 };
  }

  /**
   * Rows that are drawn, which are what must be read: their places on the screen may still shift.
   * The focused row is drawn wherever it is, so the longest run of neighbours counts.
   */
  function drawnRows(top: number, bottom: number): { readonly top: number; readonly bottom: number } {
    const rows = shell.current?.querySelectorAll(".ag-grid-scrolling-container > .ag-row[row-index]") ?? [];
    const run = longestRun(Array.from(rows, (row) => Number(row.getAttribute("row-index"))));
    return run ? { top: run[0], bottom: run[1] } : { top, bottom };
  }

  /**
   * The grid scrolls by two elements, the rows and a scrollbar beside them, and where frames are slow it can take the one's echo
   * for the reader's own move: then the rows are drawn where nobody looks. Telling the scrollbar once more makes it draw.
   */
  function drawMissed(): void {
    const viewport = shell.current?.querySelector(".ag-grid-viewport");
    const scrollbar = shell.current?.querySelector(".ag-body-vertical-scroll-viewport");
    const seen = place();
    if (!viewport || !scrollbar || !seen || latest.current.rows === 0) return;
    const rows = shell.current?.querySelectorAll(".ag-grid-scrolling-container > .ag-row[row-index]") ?? [];
    const onScreen = Array.from(rows, (row) => row.getBoundingClientRect()).some((box) => box.bottom > seen.top && box.top < seen.top + seen.height);
    if (onScreen) return;
    if (Math.abs(scrollbar.scrollTop - viewport.scrollTop) > 1) scrollbar.scrollTop = viewport.scrollTop;
    else viewport.scrollTop += viewport.scrollTop > 0 ? -1 : 1;
    actions.look();
  }

  /** Rows and columns that can be seen, from one row's place on the screen. */
  function lookNow(): void {
    const seen = place();
    const grid = api.current;
    if (!seen || !grid) return;
    const { rows } = latest.current;
    const first = seen.index + (seen.top - seen.rowTop) / seen.rowHeight;
    const top = Math.max(0, Math.min(rows - 1, Math.floor(first + 0.01)));
    const bottom = Math.max(top, Math.min(rows - 1, Math.ceil(first + seen.height / seen.rowHeight - 0.01) - 1));
    const across = grid
      .getAllDisplayedVirtualColumns()
      .map((column) => columnIndex(column.getColId()))
      .filter((at) => at >= 0);
    const left = Math.min(...across, latest.current.columns.length - 1);
    latest.current.session.pager.look({ ...drawnRows(top, bottom), left: Math.max(0, left), right: Math.max(0, ...across) });
    latest.current.onRows(top, bottom);
    if (!restored) return;
    const name = latest.current.columns[left]?.name;
    latest.current.session.keep({ row: top, ...(name === undefined || left <= 0 ? {} : { column: name }) });
  }

  function show({ row, column }: CellSpot): void {
    api.current?.ensureIndexVisible(row);
    api.current?.ensureColumnVisible(columnId(column));
  }
  function focusSpot(spot: CellSpot): void {
    show(spot);
    const focus = () => api.current?.setFocusedCell(spot.row, columnId(spot.column));
    focus();
    // A row far away is drawn a frame later; until then nothing there can hold the focus.
    requestAnimationFrame(() => {
      if (!document.activeElement?.closest(".ag-cell")) focus();
    });
  }

  function onKey({ event, node }: SuppressKeyboardEventParams): boolean {
    const { selection, columns, rows, onSelect, onOpen } = latest.current;
    const control = event.ctrlKey || event.metaKey;
    const size = { rows, columns: columns.length };
    const focused = api.current?.getFocusedCell();
    const from = focused && node.rowIndex !== null ? { row: focused.rowIndex, column: columnIndex(focused.column.getColId()) } : undefined;
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
      return true;
    };
    if (!from) return false;
    if (event.key === "Enter" || event.key === "F2") {
      onOpen(from);
      return done();
    }
    if (event.key === " ") {
      onSelect(wholeRows(event.shiftKey && selection ? selection.anchor.row : from.row, from.row, columns.length));
      return done();
    }
    if (control && event.key.toLowerCase() === "a") {
      onSelect({ anchor: { row: 0, column: 0 }, head: { row: rows - 1, column: columns.length - 1 } });
      return done();
    }
    if (event.key === "ArrowDown" && event.altKey) {
      const column = columns[from.column];
      const cell = document.activeElement;
      if (column && cell) latest.current.onFilter(column, cell);
      return done();
    }
    const head = event.shiftKey ? (selection?.head ?? from) : from;
    const to = event.altKey ? undefined : moved(head, event.key, control, size, pageSize());
    if (!to) return false;
    if (event.shiftKey) {
      onSelect({ anchor: selection?.anchor ?? from, head: to });
      show(to);
      return done();
    }
    focusSpot(to);
    return done();
  }

  function pageSize(): number {
    const seen = place();
    return seen ? Math.max(1, Math.floor(seen.height / seen.rowHeight) - 1) : 20;
  }

  const actions = {
    look() {
      // Far down a long table the grid shifts its rows once more after a scroll.
      clearTimeout(again);
      again = setTimeout(() => {
        lookNow();
        drawMissed();
      }, 150);
      if (asked !== 0) return;
      asked = requestAnimationFrame(() => {
        asked = 0;
        lookNow();
      });
    },
    goTo(row: number) {
      const last = Math.max(0, latest.current.rows - 1);
      const focused = api.current?.getFocusedCell();
      const column = focused ? Math.max(0, columnIndex(focused.column.getColId())) : 0;
      focusSpot({ row: Math.max(0, Math.min(last, row)), column });
    },
    show,
    focus() {
      const focused = api.current?.getFocusedCell();
      if (focused) return api.current?.setFocusedCell(focused.rowIndex, focused.column);
      const seen = place();
      const row = seen ? Math.ceil(seen.index + (seen.top - seen.rowTop) / seen.rowHeight) : 0;
      focusSpot({ row: Math.max(0, Math.min(latest.current.rows - 1, row)), column: 0 });
    },
    restore() {
      const kept = latest.current.session.kept();
      const grid = api.current;
      if (kept && grid) {
        if (kept.row > 0 && kept.row < latest.current.rows) grid.ensureIndexVisible(kept.row, "top");
        const column = latest.current.columns.findIndex(({ name }) => name === kept.column);
        if (column > 0) grid.ensureColumnVisible(columnId(column), "start");
      }
      restored = true;
      actions.look();
    },
    onKey,
    onHeaderKey(event: {
      readonly key: string;
      readonly altKey: boolean;
      readonly target: EventTarget;
      preventDefault(): void;
      stopPropagation(): void;
    }) {
      const header = event.target instanceof Element ? event.target.closest(".ag-header-cell") : null;
      if (!header || !event.altKey || event.key !== "ArrowDown") return;
      const column = latest.current.columns[columnIndex(header.getAttribute("col-id") ?? numberColumn)];
      if (!column) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current.onFilter(column, header);
    },
    onFocused(event: CellFocusedEvent) {
      const column = typeof event.column === "object" && event.column ? columnIndex(event.column.getColId()) : -1;
      if (event.rowIndex === null || column < 0 || latest.current.pressing) return;
      latest.current.onSelect(single({ row: event.rowIndex, column }));
    },
    /** In a table higher than an element can be, a pixel of the scrollbar is many pixels of rows: the wheel moves by rows all the same. */
    onWheel(event: WheelEvent) {
      const viewport = shell.current?.querySelector(".ag-grid-viewport");
      const container = shell.current?.querySelector(".ag-grid-scrolling-container");
      const seen = place();
      if (!viewport || !container || !seen || event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      const whole = latest.current.rows * seen.rowHeight;
      const ratio = (whole - seen.height) / (container.clientHeight - seen.height);
      if (ratio <= 1.001) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? seen.rowHeight : event.deltaMode === 2 ? seen.height : 1;
      const wanted = wheelRest + (event.deltaY * unit) / ratio;
      const step = Math.trunc(wanted);
      wheelRest = wanted - step;
      viewport.scrollTop += step;
    },
    /** The mouse selects by itself: what the grid focuses meanwhile must not. */
    onPress() {
      latest.current.pressing = true;
      setTimeout(() => {
        latest.current.pressing = false;
      });
    },
    onMouseDown(event: CellMouseDownEvent) {
      const mouse = event.event;
      const row = event.rowIndex;
      if (!(mouse instanceof MouseEvent) || row === null) return;
      const { selection, columns, onSelect } = latest.current;
      const column = columnIndex(event.column.getColId());
      if (mouse.button === 2 && selection && inBox(boxOf(selection), row, Math.max(0, column))) return;
      if (column < 0) onSelect(wholeRows(mouse.shiftKey && selection ? selection.anchor.row : row, row, columns.length));
      else if (mouse.shiftKey && selection) onSelect({ anchor: selection.anchor, head: { row, column } });
      else onSelect(single({ row, column }));
    },
    onMouseOver(event: { readonly event?: Event | null; readonly rowIndex: number | null; readonly column: { getColId(): string } }) {
      const { selection, columns, onSelect } = latest.current;
      if (!(event.event instanceof MouseEvent) || event.event.buttons !== 1 || event.rowIndex === null || !selection) return;
      const column = columnIndex(event.column.getColId());
      const head = column < 0 ? { row: event.rowIndex, column: columns.length - 1 } : { row: event.rowIndex, column };
      if (head.row !== selection.head.row || head.column !== selection.head.column) onSelect({ anchor: selection.anchor, head });
    },
    onContextMenu(event: CellContextMenuEvent) {
      const column = columnIndex(event.column.getColId());
      if (event.rowIndex === null) return;
      const mouse = event.event instanceof MouseEvent ? event.event : undefined;
      const cell = document.activeElement?.closest(".ag-cell")?.getBoundingClientRect();
      const atMouse = mouse && mouse.clientX + mouse.clientY > 0;
      latest.current.onMenu(
        { row: event.rowIndex, column: Math.max(0, column) },
        atMouse ? mouse.clientX : (cell?.left ?? 0),
        atMouse ? mouse.clientY : (cell?.bottom ?? 0),
      );
    },
  };
  return actions;
}
