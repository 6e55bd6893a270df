import { describe, expect, test } from "vitest";
import { tableTexts } from "../../client/panels/table-texts.ts";
import type { TableMessage, TableRequest, TableSnapshot } from "../../runtime/src/model/table-messages.ts";
import { copyBox } from "./copy-selection.ts";
import { fakeCell, fakeColumns, fakePage } from "./harness/fake-table.ts";
import { phaseOf, stripsOf } from "./phase.ts";
import { createSession, Withdrawn } from "./session.ts";

const subject = { project: "file:///shop", key: "orders", target: "dev" };
const stored = { key: "orders", state: "fresh", storedAt: 1000, runId: "one", rows: 5000 } as const;
const ready: TableSnapshot = { subject, runner: "ready", status: stored };

function stage({ rows = 5000, kept = undefined as unknown } = {}) {
  const sent: TableRequest[] = [];
  let hear: (message: TableMessage) => void = () => {};
  const state = { rows, kept, silent: false };
  /** Messages come later, as between processes. */
  const later = (message: TableMessage) => queueMicrotask(() => hear(message));
  const session = createSession(
    {
      send(request) {
        sent.push(request);
        if (state.silent) return;
        if (request.type === "page") later({ type: "page", id: request.id, page: fakePage(state.rows, fakeColumns(3), request.request), ms: 7 });
        if (request.type === "cell") later({ type: "cell", id: request.id, text: fakeCell(request.cell.row, request.cell.column) });
      },
      listen(heard) {
        hear = heard;
        return () => {};
      },
      kept: () => state.kept,
      keep: (view) => {
        state.kept = view;
      },
    },
    {
      later(run) {
        run();
        return () => {};
      },
      afterRest(run) {
        run();
        return () => {};
      },
      now: () => 0,
    },
  );
  const settle = () => new Promise((done) => setImmediate(done));
  const show = (snapshot: TableSnapshot) => {
    hear({ type: "show", snapshot, texts: tableTexts({ t: (text) => text }), locale: "en" });
    return settle();
  };
  const push = (snapshot: TableSnapshot) => {
    hear({ type: "snapshot", snapshot });
    return settle();
  };
  const refuse = (id: number, code: "io/locked" | "io/not-found" | "runner/crashed") => hear({ type: "refused", id, error: { code, message: code } });
  const pages = () => sent.flatMap((request) => (request.type === "page" ? [request] : []));
  return { session, sent, state, show, push, refuse, pages, settle };
}

describe("what the page shows", () => {
  test("nothing is asked before the host has said what there is", async () => {
    const { session, sent, show } = stage();
    expect([sent, phaseOf(session.state())]).toEqual([[], "connecting"]);
    await show({ subject, runner: "starting" });
    expect([sent.length, phaseOf(session.state())]).toEqual([0, "loading"]);
  });

  test("rows, once the runner is ready, even before the state is known", async () => {
    const { session, show } = stage();
    await show({ subject, runner: "ready" });
    expect(phaseOf(session.state())).toBe("rows");
    expect(session.state()).toMatchObject({ rows: 5000, total: 5000, ms: 7 });
  });

  test("never materialized, then the rows as soon as they are stored", async () => {
    const { session, show, push, pages } = stage();
    await show({ subject, runner: "ready", status: { key: "orders", state: "missing" } });
    expect([phaseOf(session.state()), pages().length]).toEqual(["missing", 0]);
    await push(ready);
    expect(phaseOf(session.state())).toBe("rows");
  });

  test("a store that has nothing is the same as never materialized", async () => {
    const { session, state, show, push, refuse, pages } = stage();
    state.silent = true;
    await show({ subject, runner: "ready" });
    refuse(pages()[0]?.id ?? 0, "io/not-found");
    expect(phaseOf(session.state())).toBe("missing");
    state.silent = false;
    await push(ready);
    expect(phaseOf(session.state())).toBe("rows");
  });

  test("a runner that stopped leaves the rows, and comes back without a click", async () => {
    const { session, show, push } = stage();
    await show(ready);
    await push({ ...ready, runner: "gone" });
    expect([phaseOf(session.state()), stripsOf(session.state())]).toEqual(["rows", ["gone"]]);
    expect(session.pager.cell(0, 0)).toBeDefined();
    await push(ready);
    expect(stripsOf(session.state())).toEqual([]);
  });

  test("a runner that stopped with nothing loaded says so, and loads when it is back", async () => {
    const { session, state, show, push, refuse, pages } = stage();
    state.silent = true;
    await show(ready);
    refuse(pages()[0]?.id ?? 0, "runner/crashed");
    await push({ ...ready, runner: "gone" });
    expect(phaseOf(session.state())).toBe("gone");
    state.silent = false;
    await push(ready);
    expect(phaseOf(session.state())).toBe("rows");
  });

  test("an error keeps its words until Retry succeeds", async () => {
    const { session, state, show, refuse, pages, settle } = stage();
    state.silent = true;
    await show(ready);
    refuse(pages()[0]?.id ?? 0, "io/locked");
    expect([phaseOf(session.state()), session.state().error?.code]).toEqual(["error", "io/locked"]);
    state.silent = false;
    session.retry();
    await settle();
    expect(phaseOf(session.state())).toBe("rows");
  });

  test("at most two strips, the run instead of the staleness it will end", async () => {
    const { session, show, push } = stage();
    await show({ ...ready, status: { ...stored, state: "stale" } });
    expect(stripsOf(session.state())).toEqual(["stale"]);
    await push({ ...ready, status: { ...stored, state: "stale" }, run: { runId: "two", startedAt: 0 } });
    expect(stripsOf(session.state())).toEqual(["run"]);
  });
});

describe("newer rows", () => {
  const next: TableSnapshot = { ...ready, status: { ...stored, runId: "two", storedAt: 2000, rows: 9 } };

  test("are swapped in when the reader holds no place", async () => {
    const { session, state, show, push } = stage();
    await show(ready);
    state.rows = 9;
    await push(next);
    expect(session.state()).toMatchObject({ rows: 9, newer: false });
  });

  test("are offered when the reader does; rows not yet loaded bring the new version rather than a mixture", async () => {
    const { session, state, show, push, settle } = stage();
    await show(ready);
    session.setHeld(true);
    state.rows = 4000;
    await push(next);
    expect(session.state()).toMatchObject({ rows: 5000, newer: true });
    expect(stripsOf(session.state())).toEqual(["newer"]);
    session.pager.look({ top: 3000, bottom: 3020, left: 0, right: 2 });
    await settle();
    expect(session.state()).toMatchObject({ rows: 4000, newer: false });
  });
});

test("sort and filter go to the host, and are kept with the place", async () => {
  const { session, state, show, pages, settle } = stage();
  await show(ready);
  session.setQuery({ sort: [{ column: "id", descending: true }], filter: [{ column: "note", operator: "is-null" }] });
  session.keep({ row: 40 });
  await settle();
  expect(pages().at(-1)?.request).toMatchObject({ sort: [{ column: "id", descending: true }], filter: [{ column: "note", operator: "is-null" }] });
  expect(session.state()).toMatchObject({ rows: 625, total: 5000 });
  expect(state.kept).toMatchObject({ version: 1, subject, row: 40, sort: [{ column: "id", descending: true }] });

  const again = stage({ kept: state.kept });
  await again.show(ready);
  expect(again.session.state().query.sort).toEqual([{ column: "id", descending: true }]);
  const other = stage({ kept: state.kept });
  await other.show({ ...ready, subject: { ...subject, key: "other" } });
  expect(other.session.state().query.sort).toEqual([]);
});

describe("copying", () => {
  const columns = fakeColumns(3);

  test("reads what is not here and makes cut cells whole", async () => {
    const { session, show } = stage();
    await show(ready);
    const copied = await copyBox(session, { top: 1500, bottom: 1507, left: 1, right: 1 }, columns, "tsv");
    expect(copied.text.split("\n").length).toBeGreaterThan(7);
    expect(copied.text).toContain("x".repeat(900));
    expect(copied).toMatchObject({ cells: 8, cut: 0 });
  });

  test("an answer that belongs to former rows is withdrawn", async () => {
    const { session, state, show } = stage();
    await show(ready);
    state.silent = true;
    const copying = copyBox(session, { top: 1500, bottom: 1501, left: 0, right: 0 }, columns, "tsv");
    session.refresh();
    await expect(copying).rejects.toBeInstanceOf(Withdrawn);
  });
});
