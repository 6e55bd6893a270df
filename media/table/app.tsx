import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Filter, PageColumn, Sort } from "../../runtime/src/model/page.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";
import { summary, useLastRows, useNow } from "./app-facts.ts";
import { CellDetail } from "./cell-detail.tsx";
import { CellMenu, type MenuItem } from "./cell-menu.tsx";
import { formatCount } from "./columns.ts";
import type { CopyFormat } from "./copy.ts";
import { copyBox, copyLimit } from "./copy-selection.ts";
import { FilterBox } from "./filter-box.tsx";
import { FilterPills } from "./filter-pills.tsx";
import { filterByCell } from "./filters.ts";
import { Footer } from "./footer.tsx";
import { Grid } from "./grid.tsx";
import type { GridHandle } from "./grid-actions.ts";
import { HeaderLine } from "./header-line.tsx";
import { StatePage } from "./pages.tsx";
import { phaseOf } from "./phase.ts";
import { type Box, boxCells, boxOf, type CellSpot, inBox, type Selection, single } from "./selection.ts";
import { type TableSession, Withdrawn } from "./session.ts";
import { errorLine, Strips } from "./strips.tsx";
import { createSay, Words } from "./words.ts";

const isMac = navigator.userAgent.includes("Mac");

interface Opened {
  readonly column: PageColumn;
  /** Place of the filter that is changed; a new one when left out. */
  readonly index: number | undefined;
  readonly near: DOMRect;
}

/** The whole page of one stored table. */
export function App({ session, texts, nonce }: { readonly session: TableSession; readonly texts: TableTexts; readonly nonce: string }) {
  const state = useSyncExternalStore(session.subscribe, session.state);
  const say = useMemo(() => createSay(texts), [texts]);
  const [selection, setSelection] = useState<Selection>();
  const [detail, setDetail] = useState<CellSpot>();
  const [menu, setMenu] = useState<{ readonly spot: CellSpot; readonly x: number; readonly y: number }>();
  const [opened, setOpened] = useState<Opened>();
  const [going, setGoing] = useState(false);
  const [view, setView] = useState<readonly [number, number]>([0, 0]);
  const [announced, setAnnounced] = useState({ text: "", seen: false });
  const grid = useRef<GridHandle>(null);
  const now = useNow();
  const { query, columns, locale } = state;
  const phase = phaseOf(state);
  const shown = columns ?? [];
  const rows = useLastRows(state.rows);

  const announce = useCallback((text: string, seen = true) => setAnnounced({ text, seen }), []);
  useEffect(() => session.setHeld(selection !== undefined || detail !== undefined || view[0] > 0), [session, selection, detail, view]);
  useEffect(() => {
    if (state.rows !== undefined) announce(summary(state.rows, query.sort, query.filter.length, locale, say), false);
  }, [state.rows, query, locale, say, announce]);
  useEffect(() => {
    document.title = [state.snapshot?.subject.key, state.snapshot?.partitionLabel].filter(Boolean).join(" · ");
  }, [state.snapshot?.subject.key, state.snapshot?.partitionLabel]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows stand in these places now
  useEffect(() => setMenu(undefined), [state.generation]);

  const select = useCallback((next: Selection | undefined) => {
    setSelection(next);
    if (next) setDetail((open) => open && next.head);
  }, []);
  const setFilters = useCallback(
    (filter: readonly Filter[]) => {
      setOpened(undefined);
      setSelection(undefined);
      session.setQuery({ ...session.state().query, filter });
      grid.current?.focus();
    },
    [session],
  );
  const setSort = useCallback(
    (sort: readonly Sort[]) => {
      setSelection(undefined);
      session.setQuery({ ...session.state().query, sort });
    },
    [session],
  );
  const backToGrid = useCallback(() => {
    setOpened(undefined);
    setMenu(undefined);
    setDetail(undefined);
    grid.current?.focus();
  }, []);
  const closeBox = useCallback(() => setOpened(undefined), []);
  const closeMenu = useCallback(() => setMenu(undefined), []);

  useEffect(() => {
    // The grid is narrower beside the detail: its cell must not be hidden.
    if (detail) requestAnimationFrame(() => grid.current?.show(detail));
  }, [detail]);
  const refresh = useCallback(() => {
    session.refresh();
    // The button that was pressed may go away.
    if (selection) grid.current?.focus();
  }, [session, selection]);

  const copy = useCallback(
    (format: CopyFormat, box: Box) => {
      const cells = boxCells(box);
      const count = (value: number) => formatCount(value, locale);
      if (cells > copyLimit) return announce(say("say.copyTooMany", count(cells), count(copyLimit)));
      copyBox(session, box, session.state().columns ?? [], format).then(
        (copied) => {
          session.copy(copied.text);
          if (copied.cut > 0) announce(say("say.copiedCut", count(cells), count(copied.cut)));
          else if (cells > 1 || format !== "tsv") announce(say("say.copied", count(cells)));
          else announce(say(session.pager.cell(box.top, box.left) === null ? "say.copiedNull" : "say.copiedCell"));
        },
        (error) => announce(error instanceof Withdrawn ? say("say.copyChanged") : say("say.copyFailed", errorLine(error))),
      );
    },
    [session, say, announce, locale],
  );
  useEffect(() => {
    const copying = (event: ClipboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea, .detail, .note");
      if (typing || !selection) return;
      event.preventDefault();
      copy("tsv", boxOf(selection));
    };
    document.addEventListener("copy", copying);
    return () => document.removeEventListener("copy", copying);
  }, [selection, copy]);

  const withGrid = phase === "rows" || phase === "empty" || phase === "no-match";
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        if (detail) backToGrid();
        else if (going) setGoing(false);
        else setSelection(undefined);
      } else if (event.key.toLowerCase() === "g" && (event.ctrlKey || event.metaKey) && withGrid) setGoing(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [detail, going, withGrid, backToGrid]);

  const openFilter = useCallback(
    (column: PageColumn, near: Element) => {
      const index = session.state().query.filter.findIndex((filter) => filter.column === column.name);
      setOpened({ column, index: index < 0 ? undefined : index, near: near.getBoundingClientRect() });
    },
    [session],
  );
  const filtered = useMemo(() => new Set(query.filter.map((filter) => filter.column)), [query.filter]);
  const addFilter = (filter: Filter | undefined) => filter && setFilters([...query.filter, filter]);

  function menuItems({ row, column: index }: CellSpot, x: number, y: number): MenuItem[] {
    const column = shown[index];
    if (!column) return [];
    const within = selection ? boxOf(selection) : undefined;
    const box = within && inBox(within, row, index) ? within : boxOf(single({ row, column: index }));
    const text = session.pager.cell(row, index);
    const cut = session.pager.isCut(row, index);
    const same = text === undefined || cut ? undefined : filterByCell(column, text, true);
    const other = text === undefined || cut ? undefined : filterByCell(column, text, false);
    const others = query.sort.filter((entry) => entry.column !== column.name);
    return [
      { label: say("menu.detail"), keys: "Enter", run: () => setDetail({ row, column: index }) },
      { label: say("menu.copy"), keys: isMac ? "⌘C" : "Ctrl+C", parted: true, run: () => copy("tsv", box) },
      { label: say("menu.copyHeader"), run: () => copy("tsv-with-header", box) },
      { label: say("menu.copyJson"), run: () => copy("json", box) },
      { label: say("menu.copyRows"), run: () => copy("tsv", { ...box, left: 0, right: shown.length - 1 }) },
      ...(same ? [{ label: say("menu.filterSame"), parted: true, run: () => addFilter(same) }] : []),
      ...(other ? [{ label: say("menu.filterOther"), run: () => addFilter(other) }] : []),
      {
        label: say("menu.filterColumn"),
        parted: !same,
        keys: isMac ? "⌥↓" : "Alt+Down",
        run: () => setOpened({ column, index: undefined, near: new DOMRect(x, y, 0, 0) }),
      },
      { label: say("menu.sortAscending"), parted: true, run: () => setSort([{ column: column.name }]) },
      { label: say("menu.sortDescending"), run: () => setSort([{ column: column.name, descending: true }]) },
      ...(others.length < query.sort.length ? [{ label: say("menu.sortNone"), run: () => setSort(others) }] : []),
    ];
  }

  const detailColumn = detail ? shown[detail.column] : undefined;
  return (
    <Words.Provider value={say}>
      <div className="page">
        <HeaderLine
          state={state}
          now={now}
          usable={withGrid}
          going={going}
          onGoing={(next) => {
            setGoing(next);
            if (!next) grid.current?.focus();
          }}
          onGo={(row) => {
            if (row < 0 || row >= (state.rows ?? 0)) return false;
            setGoing(false);
            grid.current?.goTo(row);
            announce(say("say.row", formatCount(row + 1, locale)), false);
            return true;
          }}
          onRefresh={refresh}
          onMaterialize={() => session.act("materialize")}
          onOpenSource={() => session.act("open-source")}
          onPartition={() => session.act("partition")}
        />
        <Strips state={state} now={now} onAct={session.act} onRefresh={refresh} onRetry={session.retry} />
        <FilterPills
          filters={query.filter}
          columns={shown}
          onEdit={(index, near) => {
            const column = shown.find(({ name }) => name === query.filter[index]?.column);
            if (column) setOpened({ column, index, near: near.getBoundingClientRect() });
          }}
          onRemove={(index) => setFilters(query.filter.filter((_, at) => at !== index))}
          onClear={() => setFilters([])}
        />
        <main className="middle">
          <div className={`table ${phase}`}>
            {withGrid && columns ? (
              <Grid
                ref={grid}
                session={session}
                texts={texts}
                nonce={nonce}
                columns={columns}
                rows={rows}
                sort={query.sort}
                filtered={filtered}
                generation={state.generation}
                selection={selection}
                onSelect={select}
                onSort={setSort}
                onOpen={setDetail}
                onMenu={(spot, x, y) => setMenu({ spot, x, y })}
                onFilter={openFilter}
                onRows={(first, last) => setView((before) => (before[0] === first && before[1] === last ? before : [first, last]))}
              />
            ) : null}
            <StatePage
              phase={phase}
              state={state}
              onAct={session.act}
              onRetry={session.retry}
              onCopy={(text) => session.copy(text)}
              onClear={() => session.setQuery({ sort: phase === "error" ? [] : query.sort, filter: [] })}
            />
          </div>
          {detail && detailColumn && withGrid ? (
            <CellDetail
              session={session}
              spot={detail}
              column={detailColumn}
              locale={locale}
              generation={state.generation}
              onCopy={(text) => {
                session.copy(text);
                announce(say("say.copiedCell"));
              }}
              onClose={backToGrid}
            />
          ) : null}
        </main>
        <Footer state={state} view={view} selection={selection} announced={announced} />
        {menu ? <CellMenu x={menu.x} y={menu.y} items={menuItems(menu.spot, menu.x, menu.y)} onClose={closeMenu} /> : null}
        {opened ? (
          <FilterBox
            key={`${opened.column.name} ${opened.index}`}
            column={opened.column}
            filter={opened.index === undefined ? undefined : query.filter[opened.index]}
            near={opened.near}
            onApply={(filter) =>
              setFilters(opened.index === undefined ? [...query.filter, filter] : query.filter.map((old, at) => (at === opened.index ? filter : old)))
            }
            onRemove={opened.index === undefined ? undefined : () => setFilters(query.filter.filter((_, at) => at !== opened.index))}
            onAnother={opened.index === undefined ? undefined : () => setOpened({ ...opened, index: undefined })}
            onClose={closeBox}
          />
        ) : null}
      </div>
    </Words.Provider>
  );
}
