import {
  CellStyleModule,
  type ColDef,
  ColumnApiModule,
  EventApiModule,
  type GridApi,
  type IDatasource,
  InfiniteRowModelModule,
  RenderApiModule,
  ScrollApiModule,
} from "ag-grid-community";
import { AgGridReact } from "ag-grid-react";
import { useEffect, useImperativeHandle, useMemo, useRef } from "react";
import type { PageColumn, Sort } from "../../runtime/src/model/page.ts";
import { fill } from "../shared/fill.ts";
import { type CellSurroundings, CellView } from "./cell-view.ts";
import { ColumnHeader } from "./column-header.ts";
import { columnWidth, formatCount, isRightAligned, rowNumberWidth } from "./columns.ts";
import { columnId, columnIndex, type GridProps, gridActions, type Latest, numberColumn } from "./grid-actions.ts";
import { boxOf } from "./selection.ts";
import { gridTheme } from "./theme.ts";

const modules = [InfiniteRowModelModule, ColumnApiModule, EventApiModule, RenderApiModule, ScrollApiModule, CellStyleModule];
const rowModelRows = 1000;
const emptyRow = {};

function measure(): { readonly charWidth: number; readonly rowHeight: number; readonly headerHeight: number } {
  const style = getComputedStyle(document.body);
  const size = Number.parseFloat(style.getPropertyValue("--vscode-editor-font-size")) || 13;
  const pen = document.createElement("canvas").getContext("2d");
  if (pen) pen.font = `${size}px ${style.getPropertyValue("--vscode-editor-font-family") || "monospace"}`;
  const charWidth = pen ? pen.measureText("0000000000").width / 10 : size * 0.6;
  return { charWidth, rowHeight: Math.max(24, Math.round(size * 1.8)), headerHeight: Math.max(40, Math.round(size * 3.2)) };
}

function sortOf(api: GridApi, columns: readonly PageColumn[]): Sort[] {
  return api
    .getColumnState()
    .filter((column) => column.sort && column.colId !== numberColumn)
    .sort((a, b) => (a.sortIndex ?? 0) - (b.sortIndex ?? 0))
    .flatMap(({ colId, sort }) => {
      const name = columns[columnIndex(colId)]?.name;
      return name === undefined ? [] : [{ column: name, ...(sort === "desc" ? { descending: true } : {}) }];
    });
}
const sameSort = (a: readonly Sort[], b: readonly Sort[]) => JSON.stringify(a) === JSON.stringify(b);

/** The rows, virtual both ways; cells come from the session's pages. */
export function Grid(props: GridProps) {
  const { session, texts, columns, rows, sort, filtered, generation, selection } = props;
  const api = useRef<GridApi | undefined>(undefined);
  const shell = useRef<HTMLDivElement>(null);
  const latest = useRef<Latest>({ ...props, pressing: false });
  Object.assign(latest.current, props);

  const sizes = useMemo(measure, []);
  const headers = useMemo(() => new Set<ColumnHeader>(), []);
  const actions = useMemo(() => gridActions(latest, api, shell), []);
  const surroundings = useMemo<CellSurroundings>(
    () => ({
      pager: session.pager,
      texts,
      live: new Set(),
      box: () => (latest.current.selection ? boxOf(latest.current.selection) : undefined),
      count: (row) => formatCount(row, session.state().locale),
      missing: actions.look,
    }),
    [session, texts, actions],
  );
  const keptColumns = useRef(columns);
  if (JSON.stringify(keptColumns.current) !== JSON.stringify(columns)) keptColumns.current = columns;
  const shown = keptColumns.current;

  const columnDefs = useMemo<ColDef[]>(() => {
    const kept = session.kept();
    const sorted = latest.current.sort;
    return [
      {
        colId: numberColumn,
        headerName: texts["column.rowNumber"],
        headerClass: "row-number-header",
        cellClass: "row-number",
        pinned: "left",
        width: rowNumberWidth(latest.current.rows, sizes.charWidth, session.state().locale),
        resizable: false,
        sortable: false,
        suppressNavigable: true,
        suppressHeaderKeyboardEvent: () => false,
        cellRenderer: CellView,
        cellRendererParams: { surroundings, index: -1 },
      },
      ...shown.map((column, index): ColDef => {
        const at = sorted.findIndex((entry) => entry.column === column.name);
        const sample = Array.from({ length: 60 }, (_, row) => session.pager.cell(row, index));
        return {
          colId: columnId(index),
          headerName: column.name,
          cellClass: `kind-${column.kind}`,
          ...(isRightAligned(column.kind) ? { headerClass: "right" } : {}),
          initialWidth: kept?.widths[column.name] ?? columnWidth(column, sample, sizes.charWidth),
          ...(at < 0 ? {} : { initialSort: sorted[at]?.descending ? "desc" : "asc", initialSortIndex: at }),
          cellRenderer: CellView,
          cellRendererParams: { surroundings, index },
          headerComponentParams: {
            innerHeaderComponent: ColumnHeader,
            shown: column,
            texts,
            live: headers,
            isFiltered: (name: string) => latest.current.filtered.has(name),
            openFilter: (of: PageColumn, near: Element) => latest.current.onFilter(of, near),
          },
        };
      }),
    ];
  }, [shown, session, texts, surroundings, headers, sizes]);

  const datasource = useMemo<IDatasource>(
    () => ({
      getRows: ({ startRow, endRow, successCallback }) => {
        const count = latest.current.rows;
        const length = Math.max(0, Math.min(endRow, count) - startRow);
        successCallback(
          Array.from({ length }, () => emptyRow),
          count,
        );
      },
    }),
    [],
  );

  useEffect(
    () =>
      session.onCells(() => {
        for (const cell of surroundings.live) cell.draw();
      }),
    [session, surroundings],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn again for each new selection
  useEffect(() => {
    for (const cell of surroundings.live) cell.drawSelected();
  }, [selection, surroundings]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn again for each new filter
  useEffect(() => {
    for (const header of headers) header.draw();
  }, [filtered, headers]);
  useEffect(() => {
    const grid = api.current;
    if (!grid) return;
    grid.setRowCount(rows, true);
    grid.setColumnWidths([{ key: numberColumn, newWidth: rowNumberWidth(rows, sizes.charWidth, session.state().locale) }]);
    actions.look();
  }, [rows, sizes, actions, session]);
  useEffect(() => {
    const grid = api.current;
    if (!grid || sameSort(sortOf(grid, shown), sort)) return;
    grid.applyColumnState({
      state: sort.map((entry, sortIndex) => ({
        colId: columnId(shown.findIndex((column) => column.name === entry.column)),
        sort: entry.descending ? "desc" : "asc",
        sortIndex,
      })),
      defaultState: { sort: null },
    });
  }, [sort, shown]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows, so look again
  useEffect(() => actions.look(), [generation, actions]);
  useImperativeHandle(props.ref, () => ({ goTo: actions.goTo, focus: actions.focus, show: actions.show }), [actions]);

  useEffect(() => {
    const grid = shell.current;
    // React's own wheel events come too late to hold the browser's scrolling back.
    grid?.addEventListener("wheel", actions.onWheel, { passive: false, capture: true });
    grid?.addEventListener("scroll", actions.look, { passive: true, capture: true });
    return () => {
      grid?.removeEventListener("wheel", actions.onWheel, { capture: true });
      grid?.removeEventListener("scroll", actions.look, { capture: true });
    };
  }, [actions]);

  const theme = useMemo(() => gridTheme(sizes), [sizes]);
  return (
    <div className="grid" ref={shell} onKeyDownCapture={actions.onHeaderKey} onMouseDownCapture={actions.onPress}>
      <AgGridReact
        theme={theme}
        modules={modules}
        styleNonce={props.nonce}
        rowModelType="infinite"
        datasource={datasource}
        infiniteInitialRowCount={rows}
        cacheBlockSize={rowModelRows}
        maxBlocksInCache={4}
        rowBuffer={3}
        columnDefs={columnDefs}
        defaultColDef={{ sortable: true, resizable: true, suppressMovable: true, minWidth: 48, suppressKeyboardEvent: actions.onKey }}
        animateRows={false}
        suppressColumnMoveAnimation
        suppressNoRowsOverlay
        suppressMultiRangeSelection
        preventDefaultOnContextMenu
        onGridReady={(event) => {
          api.current = event.api;
          const label = fill(texts["grid.label"], session.state().snapshot?.subject.key ?? "");
          shell.current?.querySelector('[role="grid"]')?.setAttribute("aria-label", label);
          actions.look();
        }}
        onFirstDataRendered={() => actions.restore()}
        onGridSizeChanged={() => actions.look()}
        onViewportChanged={() => actions.look()}
        onVirtualColumnsChanged={() => actions.look()}
        onSortChanged={(event) => {
          const next = sortOf(event.api, latest.current.columns);
          if (!sameSort(next, latest.current.sort)) latest.current.onSort(next);
        }}
        onColumnResized={(event) => {
          if (!event.finished || event.source !== "uiColumnResized") return;
          const name = latest.current.columns[columnIndex(event.column?.getColId() ?? numberColumn)]?.name;
          if (name === undefined || !event.column) return;
          session.keep({ widths: { ...session.kept()?.widths, [name]: event.column.getActualWidth() } });
        }}
        onCellFocused={actions.onFocused}
        onCellMouseDown={actions.onMouseDown}
        onCellMouseOver={actions.onMouseOver}
        onCellDoubleClicked={(event) => {
          const column = columnIndex(event.column.getColId());
          if (event.rowIndex !== null && column >= 0) latest.current.onOpen({ row: event.rowIndex, column });
        }}
        onCellContextMenu={actions.onContextMenu}
      />
    </div>
  );
}
