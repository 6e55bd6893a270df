import { describe, expect, test } from "vitest";
import type { PageRequest, TextPage } from "../../runtime/src/model/page.ts";
import { fakeColumns, fakePage } from "./harness/fake-table.ts";
import { pageColumns, pageRows } from "./page-cache.ts";
import { createPager, type Pager, type Viewport } from "./pager.ts";

interface Sent {
  readonly id: number;
  readonly request: PageRequest;
}

/** A pager before a table that answers only when told to. */
function stage({ rows = 10_000_000, columns = 3, capacity = 60 } = {}) {
  const sent: Sent[] = [];
  const cancelled: number[] = [];
  const shown: number[] = [];
  const errors: string[] = [];
  let changed = 0;
  let missed = 0;
  let timer: (() => void) | undefined;
  let clock = 0;
  const pager: Pager = createPager({
    capacity,
    send(request) {
      sent.push({ id: sent.length + 1, request });
      return sent.length;
    },
    cancel: (id) => cancelled.push(id),
    later(run) {
      timer = run;
      return () => {
        timer = undefined;
      };
    },
    now: () => clock,
    onPage: (page) => shown.push(page.rows),
    onError: (error) => errors.push(error.message),
    onChanged: () => changed++,
    onOutdatedMiss: () => missed++,
  });
  const table = { rows };
  const page = ({ request }: Sent): TextPage => fakePage(table.rows, fakeColumns(columns), request);
  const view = (top: number, left = 0, right = Math.min(columns - 1, left + 9)): Viewport => ({ top, bottom: top + 25, left, right });
  return {
    pager,
    sent,
    cancelled,
    shown,
    errors,
    table,
    view,
    changed: () => changed,
    missed: () => missed,
    rest: () => {
      const run = timer;
      timer = undefined;
      run?.();
    },
    wait: (ms: number) => {
      clock += ms;
    },
    /** Answers everything under way, and what follows from the answers. */
    answer() {
      for (let at = 0; at < sent.length; at++) {
        const request = sent[at];
        if (request && !cancelled.includes(request.id)) pager.receive(request.id, page(request), 1);
      }
    },
    page,
  };
}
const start = (pager: Pager) => {
  pager.start({ sort: [], filter: [] }, false);
  pager.setMode("live");
};

describe("which pages are asked for", () => {
  test("nothing before it may; then the first page, all columns, and the neighbour only after it", () => {
    const { pager, sent, answer } = stage();
    pager.start({ sort: [], filter: [] }, false);
    expect(sent).toEqual([]);
    pager.setMode("live");
    expect(sent.map((one) => one.request)).toEqual([{ offset: 0, limit: pageRows }]);
    answer();
    expect(pager.cell(0, 0)).toBe("9007199254740993");
  });

  test("a small scroll asks at once, a jump only when it rests", () => {
    const { pager, sent, view, answer, rest } = stage();
    start(pager);
    answer();
    pager.look(view(150));
    expect(sent.at(-1)?.request.offset).toBe(200);
    answer();
    const before = sent.length;
    for (let row = 1_000_000; row <= 9_000_000; row += 500_000) pager.look(view(row));
    expect(sent.length).toBe(before);
    rest();
    // What is in view first, then its neighbour.
    expect(sent.slice(before).map((one) => one.request.offset)).toEqual([9_000_000, 8_999_800]);
  });

  test("an answer that comes while the scrollbar moves does not start requests on the way", () => {
    const { pager, sent, view, page } = stage();
    start(pager);
    pager.look(view(3_000_000));
    const [first] = sent;
    if (!first) throw new Error("no first request");
    pager.receive(first.id, page(first), 1);
    expect(sent.length).toBe(1);
  });

  test("at most two at once, and those that are not needed any more are cancelled", () => {
    const { pager, sent, view, answer, rest, cancelled } = stage();
    start(pager);
    answer();
    pager.look({ top: 1000, bottom: 2000, left: 0, right: 2 });
    rest();
    expect(pager.waiting()).toBe(2);
    const early = sent.slice(-2).map((one) => one.id);
    pager.look(view(5_000_000));
    rest();
    expect(cancelled).toEqual(early);
    expect(sent.slice(-2).map((one) => one.request.offset)).toEqual([5_000_000, 4_999_800]);
  });

  test("a wide table comes in blocks of columns", () => {
    const { pager, sent, view, answer, rest } = stage({ columns: 500 });
    start(pager);
    answer();
    expect(sent[0]?.request.columns).toBeUndefined();
    pager.look(view(600_000, 400, 410));
    rest();
    const asked = sent.at(-1)?.request;
    expect(asked?.columns?.length).toBe(pageColumns);
    expect(asked?.columns).toContain("extra_400");
    answer();
    expect(pager.cell(600_000, 400)).toBe("0");
    expect(pager.cell(600_000, 0)).toBeUndefined();
  });

  test("the last row of the table is reached", () => {
    const { pager, view, answer, rest } = stage();
    start(pager);
    answer();
    pager.look(view(9_999_974));
    rest();
    answer();
    expect(pager.cell(9_999_999, 0)).toBe(String(9_007_199_254_740_993n + 9_999_999n));
    expect(pager.cell(10_000_000, 0)).toBeUndefined();
  });

  test("a kept place past the end of a table that shrank still shows rows", () => {
    const { pager, view, answer } = stage({ rows: 30 });
    pager.look(view(5_000_000));
    start(pager);
    answer();
    expect(pager.cell(29, 0)).toBe(String(9_007_199_254_740_993n + 29n));
  });

  test("no more pages are kept than the capacity, the ones in view among them", () => {
    const { pager, view, answer, rest } = stage({ capacity: 6 });
    start(pager);
    answer();
    for (let row = 0; row < 20_000; row += 1000) {
      pager.look(view(row));
      rest();
      answer();
    }
    expect(pager.cell(0, 0)).toBeUndefined();
    expect(pager.cell(19_000, 0)).toBe(String(9_007_199_254_740_993n + 19_000n));
  });
});

describe("answers", () => {
  test("of a former generation are dropped", () => {
    const { pager, sent, page, shown } = stage();
    start(pager);
    const [old] = sent;
    if (!old) throw new Error("no first request");
    pager.start({ sort: [{ column: "id", descending: true }], filter: [] }, true);
    expect(pager.generation()).toBe(2);
    expect(pager.receive(old.id, page(old), 1)).toBe(false);
    expect(pager.refuse(old.id, { code: "io/unavailable", message: "late" })).toBe(false);
    expect(shown).toEqual([]);
    expect(pager.cell(0, 0)).toBeUndefined();
    expect(sent.at(-1)?.request.sort).toEqual([{ column: "id", descending: true }]);
  });

  test("another number of rows in the same generation means another table: reported once, not for ever", () => {
    const { pager, view, answer, table, changed, rest, wait } = stage();
    start(pager);
    answer();
    table.rows = 5000;
    pager.look(view(1000));
    rest();
    answer();
    expect(changed()).toBe(1);
    wait(100);
    pager.look(view(3000));
    rest();
    answer();
    expect(changed()).toBe(1);
  });

  test("a refused page is not asked for again until told to", () => {
    const { pager, sent, errors, answer } = stage();
    start(pager);
    pager.refuse(1, { code: "io/locked", message: "held" });
    expect(errors).toEqual(["held"]);
    pager.look({ top: 0, bottom: 20, left: 0, right: 2 });
    expect(sent.length).toBe(1);
    pager.retry();
    expect(sent.length).toBe(2);
    answer();
    expect(pager.cell(0, 0)).toBeDefined();
  });

  test("while paused, pages that are here stay and nothing is asked for", () => {
    const { pager, sent, view, answer, rest } = stage();
    start(pager);
    answer();
    const before = sent.length;
    pager.setMode("paused");
    pager.look(view(5000));
    rest();
    expect(sent.length).toBe(before);
    expect(pager.cell(0, 0)).toBeDefined();
    pager.setMode("live");
    expect(sent.length).toBeGreaterThan(before);
  });

  test("when outdated, a page that is missing is reported instead of mixed in", () => {
    const { pager, sent, view, answer, rest, missed } = stage();
    start(pager);
    answer();
    pager.setMode("outdated");
    const before = sent.length;
    pager.look(view(5000));
    rest();
    expect([sent.length, missed()]).toEqual([before, 1]);
  });
});
