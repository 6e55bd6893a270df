import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PageRequest } from "../../runtime/src/model/page.ts";
import type { TableRequest } from "../../runtime/src/model/table-messages.ts";
import { snapshot, startHarness, subject, type TableHarness, themes } from "./harness/open-table.ts";

let harness: TableHarness;
let page: Page | undefined;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());
afterEach(async () => {
  const violations = await page?.evaluate(() => window.host.violations);
  await page?.context().close();
  page = undefined;
  // Whatever a test did, the shipped policy held.
  expect(violations ?? []).toEqual([]);
});

async function open(scenario: Parameters<TableHarness["open"]>[0] = {}): Promise<Page> {
  page = await harness.open(scenario);
  return page;
}
/** A promise about what comes about, however slow the machine. */
const eventually = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000, interval: 30 });
const sent = (table: Page) => table.evaluate(() => window.host.sent);
const pageRequests = async (table: Page): Promise<PageRequest[]> =>
  (await sent(table)).flatMap((request: TableRequest) => (request.type === "page" ? [request.request] : []));
const copied = (table: Page) => table.evaluate(() => window.host.sent.flatMap((request) => (request.type === "copy" ? [request.text] : [])).at(-1));
const cell = (table: Page, row: number, column: number) => table.locator(`.ag-row[row-index="${row}"] [col-id="c${column}"]`);
const footer = (table: Page) => table.locator(".footer .where");
const shown = (table: Page) => table.locator('.ag-row[row-index="0"] [col-id="c0"] .cell:not(:has(.bar))').waitFor();

describe("10,000,000 rows", () => {
  test("the last row is reached with the keyboard, exactly", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 0, 0).click();
    await table.keyboard.press("Control+End");
    await eventually(() => cell(table, 9_999_999, 9).textContent()).toBe("0.1");
    await table.keyboard.press("Home");
    await eventually(() => cell(table, 9_999_999, 0).textContent()).toBe(String(9_007_199_254_740_993n + 9_999_999n));
    await eventually(() => footer(table).textContent()).toMatch(/^rows 9,999,9\d\d–10,000,000 of 10,000,000 · query 18 ms · id BIGINT$/);
    expect(await table.getByRole("grid", { name: `Rows of ${subject.key}` }).getAttribute("aria-rowcount")).toBe("10000001");
    await table.keyboard.press("Control+Home");
    await eventually(() => cell(table, 0, 0).textContent()).toBe("9007199254740993");
  });

  test("a turn of the wheel skips no rows, though the table is higher than an element can be", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 5, 1).hover();
    for (let turn = 0; turn < 6; turn++) await table.mouse.wheel(0, 120);
    // 720 pixels are 30 rows of 24; the scrollbar has no finer step than 15 pixels here.
    await eventually(async () => Number(/^rows ([\d,]+)/.exec((await footer(table).textContent()) ?? "")?.[1])).toBeGreaterThan(28);
    expect(Number(/^rows (\d+)/.exec((await footer(table).textContent()) ?? "")?.[1])).toBeLessThan(33);
  });

  test("a dragged scrollbar asks for the rows it rests at, not for those it passes", async () => {
    const table = await open();
    await shown(table);
    const before = (await pageRequests(table)).length;
    await table.evaluate(async () => {
      const viewport = document.querySelector(".ag-grid-viewport");
      if (!viewport) throw new Error("no grid");
      for (let step = 1; step <= 16; step++) {
        viewport.scrollTop = (viewport.scrollHeight * step) / 20;
        await new Promise((done) => requestAnimationFrame(done));
      }
    });
    await eventually(() => footer(table).textContent()).toMatch(/^rows [78],\d{3},\d{3}/);
    await eventually(() => table.locator(".ag-grid-scrolling-container .bar").count()).toBe(0);
    // Under a slow machine the grid once drew its rows where nobody looked.
    await eventually(() =>
      table
        .locator(".ag-grid-scrolling-container > .ag-row")
        .evaluateAll((rows) => rows.filter((row) => Math.abs(row.getBoundingClientRect().top) < 700).length),
    ).toBeGreaterThan(20);
    const asked = (await pageRequests(table)).slice(before);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThan(6);
    expect(asked.every((request) => request.offset > 7_400_000)).toBe(true);
  });

  test("Go to row goes to that row and says what is no row", async () => {
    const table = await open();
    await shown(table);
    await table.keyboard.press("Control+g");
    const field = table.getByRole("textbox", { name: "Go to row" });
    await field.fill("10,000,001");
    await field.press("Enter");
    expect(await field.evaluate((input: HTMLInputElement) => input.validationMessage)).toBe("Type a number from 1 to 10,000,000.");
    await field.fill("7,654,321");
    await field.press("Enter");
    await eventually(() => cell(table, 7_654_320, 0).textContent()).toBe(String(9_007_199_254_740_993n + 7_654_320n));
    await eventually(() => cell(table, 7_654_320, 0).evaluate((element) => element === document.activeElement)).toBe(true);
    // What the footer says is what is on the screen.
    const rows = await table.evaluate(() => {
      const top = document.querySelector(".ag-header")?.getBoundingClientRect().bottom ?? 0;
      const bottom = document.querySelector(".ag-body-horizontal-scroll")?.getBoundingClientRect().top ?? 0;
      return [...document.querySelectorAll(".ag-grid-scrolling-container > .ag-row")]
        .filter((row) => row.getBoundingClientRect().bottom > top + 1 && row.getBoundingClientRect().top < bottom - 1)
        .map((row) => Number(row.getAttribute("row-index")) + 1)
        .sort((a, b) => a - b);
    });
    const [first, last] = [rows[0], rows.at(-1)].map((row) => row?.toLocaleString("en"));
    await eventually(() => footer(table).textContent()).toContain(`rows ${first}–${last} of`);
  });

  test("500 columns are read as they come into view", async () => {
    const table = await open({ columns: 500 });
    await shown(table);
    await cell(table, 0, 0).click();
    await table.keyboard.press("End");
    await eventually(() => cell(table, 0, 499).textContent()).toBe("0");
    await table.keyboard.press("Control+ArrowDown");
    await eventually(() => cell(table, 9_999_999, 499).textContent()).toBe("999");
    const last = (await pageRequests(table)).at(-1);
    expect(last?.columns?.length).toBeLessThanOrEqual(64);
    expect(await table.getByRole("grid").getAttribute("aria-colcount")).toBe("501");
  });
});

describe("cells", () => {
  test("NULL, the empty string and the text NULL are three different things, for eyes and ears", async () => {
    const table = await open();
    await shown(table);
    expect(await cell(table, 0, 1).textContent()).toBe("NULLno value (NULL)");
    expect(await cell(table, 0, 1).locator(".null").count()).toBe(1);
    expect(await cell(table, 1, 1).textContent()).toBe('""empty text');
    expect(await cell(table, 2, 1).textContent()).toBe("NULL");
    expect(await cell(table, 2, 1).locator(".null").count()).toBe(0);
  });

  test("spaces at the ends and line breaks are visible, markup is text", async () => {
    const table = await open();
    await shown(table);
    expect(await cell(table, 3, 1).locator(".mark").allTextContents()).toEqual(["··", "·"]);
    expect(await cell(table, 4, 1).locator(".mark").allTextContents()).toEqual(["\\t", "\\n"]);
    expect(await cell(table, 5, 1).textContent()).toBe('quotes "and" <b>markup</b> & more');
  });

  test("Enter opens the whole value, Escape goes back to the cell", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 7, 1).click();
    await table.keyboard.press("Enter");
    const detail = table.getByRole("complementary");
    await eventually(() => detail.locator("pre").textContent()).toBe("x".repeat(900));
    expect((await sent(table)).filter((request) => request.type === "cell")).toEqual([
      { type: "cell", id: expect.any(Number), cell: { row: 7, column: "note", sort: [], filter: [] } },
    ]);
    await table.keyboard.press("Escape");
    await eventually(() => detail.count()).toBe(0);
    expect(await cell(table, 7, 1).evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("a nested value opens as a tree that keeps every digit", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 1, 7).click();
    await table.keyboard.press("ArrowRight");
    await table.keyboard.press("Enter");
    const detail = table.getByRole("complementary");
    await eventually(() => detail.locator(".json-number").first().textContent()).toBe("9223372036854775807");
    await detail.getByText("words: ").click();
    await eventually(() => detail.getByText('"word 59"').count()).toBe(1);
  });
});

describe("copying", () => {
  test("a range is tab-separated, with NULL as nothing and an empty string in quotes", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 0, 0).click();
    await eventually(() => cell(table, 0, 0).getAttribute("aria-selected")).toBe("true");
    for (const key of ["Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"]) await table.keyboard.press(key);
    await table.keyboard.press("Control+c");
    await eventually(() => copied(table)).toBe('9007199254740993\t\n9007199254740994\t""\n9007199254740995\tNULL');
    await eventually(() => table.getByRole("status").textContent()).toBe("Copied 6 cells");
  });

  test("a cut cell is copied whole", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 7, 1).click();
    await eventually(() => cell(table, 7, 1).getAttribute("aria-selected")).toBe("true");
    await table.keyboard.press("Control+c");
    await eventually(() => copied(table)).toBe("x".repeat(900));
  });

  test("the menu copies whole rows as JSON with exact numbers", async () => {
    const table = await open({ columns: 3 });
    await shown(table);
    await table.locator('.ag-row[row-index="0"] [col-id="#"]').click();
    await cell(table, 0, 1).click({ button: "right" });
    await table.getByRole("menuitem", { name: "Copy as JSON" }).click();
    await eventually(() => copied(table)).toBe('[\n  {"id": 9007199254740993, "note": null, "amount": 0.00}\n]');
  });

  test("more than can be copied is refused in words", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 0, 0).click();
    await eventually(() => cell(table, 0, 0).getAttribute("aria-selected")).toBe("true");
    await table.keyboard.press("Control+a");
    await table.keyboard.press("Control+c");
    await eventually(() => table.getByRole("status").textContent()).toBe("100,000,000 cells are selected; at most 100,000 can be copied at once.");
    expect(await copied(table)).toBeUndefined();
  });
});

describe("sort and filter", () => {
  test("a header sorts in the engine, shift adds a column, and it is announced", async () => {
    const table = await open();
    await shown(table);
    const id = table.getByRole("columnheader", { name: /^id/ });
    await id.locator(".column-header .words").click();
    await id.locator(".column-header .words").click();
    await eventually(() => cell(table, 0, 0).textContent()).toBe(String(9_007_199_254_740_993n + 9_999_999n));
    expect((await pageRequests(table)).at(-1)?.sort).toEqual([{ column: "id", descending: true }]);
    expect(await id.getAttribute("aria-sort")).toBe("descending");
    await eventually(() => table.getByRole("status").textContent()).toBe("10,000,000 rows, sorted by id ↓");
    await table.locator('[col-id="c2"] .column-header .words').click({ modifiers: ["Shift"] });
    await eventually(async () => (await pageRequests(table)).at(-1)?.sort).toEqual([{ column: "id", descending: true }, { column: "amount" }]);
    await expect
      .poll(() => table.evaluate(() => JSON.stringify(window.host.kept)))
      .toContain('"sort":[{"column":"id","descending":true},{"column":"amount"}]');
  });

  test("a filter is made with the keyboard, shown as a pill, and removed", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 0, 2).click();
    await table.keyboard.press("Alt+ArrowDown");
    const box = table.getByRole("dialog", { name: "Filter amount" });
    await box.getByLabel("Comparison").selectOption("lt");
    await box.getByLabel("Value").fill("many");
    await box.getByLabel("Value").press("Enter");
    expect(await box.textContent()).toContain("Type a number");
    await box.getByLabel("Value").fill("40");
    await box.getByLabel("Value").press("Enter");
    await eventually(() => footer(table).textContent()).toContain("of 40 · filtered from 10,000,000");
    expect((await pageRequests(table)).at(-1)?.filter).toEqual([{ column: "amount", operator: "lt", value: "40" }]);
    expect(await table.locator(".pill-text").textContent()).toBe("amount < 40");
    await table.getByRole("button", { name: "Remove filter amount < 40" }).click();
    await eventually(() => footer(table).textContent()).toContain("of 10,000,000 · query");
  });

  test("NULL is a filter of its own, and no match says so with a way back", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 0, 1).click({ button: "right" });
    await table.getByRole("menuitem", { name: "Only rows like this cell" }).click();
    await eventually(() => footer(table).textContent()).toContain("of 1,250,000");
    expect((await pageRequests(table)).at(-1)?.filter).toEqual([{ column: "note", operator: "is-null" }]);
    await table.getByRole("button", { name: "Filter ok", exact: true }).click();
    await table.getByRole("button", { name: "Apply" }).click();
    await eventually(() => footer(table).textContent()).toContain("of 1,250,000");
    await table.getByRole("button", { name: "Remove filter note is NULL" }).click();
    await table.getByRole("heading", { name: "No row passes the filters" }).waitFor();
    await table.getByRole("main").getByRole("button", { name: "Remove all filters" }).click();
    await eventually(() => footer(table).textContent()).toContain("of 10,000,000");
  });

  test("an answer to a question that was replaced is not shown", async () => {
    const table = await open({ delay: 300 });
    await shown(table);
    const words = table.locator('[col-id="c0"] .column-header .words');
    await words.click();
    await words.click();
    await words.click();
    await eventually(() => footer(table).textContent()).toContain("query");
    expect(await cell(table, 0, 0).textContent()).toBe("9007199254740993");
    const requests = await sent(table);
    const cancelled = requests.flatMap((request) => (request.type === "cancel" ? [request.id] : []));
    expect(cancelled.length).toBeGreaterThan(0);
  });
});

describe("states", () => {
  const status = snapshot().status;
  if (!status) throw new Error("the sample has a status");
  const states = {
    "never materialized": [
      { snapshot: snapshot({ status: { key: subject.key, state: "missing" } }), delay: -1 },
      "Never materialized on target dev",
      "Materialize",
    ],
    untrusted: [{ snapshot: snapshot({ runner: "untrusted" }) }, "Tables are not read in Restricted Mode", "Manage workspace trust"],
    "runner gone": [{ snapshot: snapshot({ runner: "gone" }) }, "The runner has stopped", "Restart runner"],
    error: [
      { pageError: { code: "io/locked", message: "data/shop.duckdb is open in another program.", hint: "Close it." } as const },
      "The rows could not be read",
      "Retry",
    ],
  } as const;
  for (const [name, [scenario, heading, button]] of Object.entries(states)) {
    test(`${name}: says what is the case and offers what to do`, async () => {
      const table = await open(scenario);
      await table.getByRole("heading", { name: heading }).waitFor();
      expect(await table.getByRole("main").getByRole("button", { name: button }).isEnabled()).toBe(true);
    });
  }

  test("a refused first page is asked for again by Retry", async () => {
    const table = await open({ pageError: { code: "io/locked", message: "locked" } });
    await table.getByRole("button", { name: "Retry" }).waitFor();
    await table.evaluate(() => {
      window.host.pageError = undefined;
    });
    await table.getByRole("button", { name: "Retry" }).click();
    await shown(table);
  });

  test("an empty table keeps its columns", async () => {
    const table = await open({ rows: 0, snapshot: snapshot({ status: { ...status, rows: 0 } }) });
    await table.getByRole("heading", { name: "The stored table has no rows" }).waitFor();
    expect(await table.getByRole("columnheader", { name: /^note/ }).count()).toBe(1);
  });

  test("while loading, known columns stand at once over a skeleton", async () => {
    const table = await open({ delay: -1, snapshot: snapshot({ columns: [{ name: "id", type: "BIGINT", kind: "number" }] }) });
    await table.getByRole("progressbar", { name: "Reading the first rows" }).waitFor();
    expect(await table.locator(".skeleton-head .name").allTextContents()).toEqual(["id"]);
  });

  test("newer rows are offered to a reader who holds a place, and swapped in for one who does not", async () => {
    const table = await open();
    await shown(table);
    await cell(table, 3, 0).click();
    const newer = { ...status, storedAt: Date.now(), runId: "run-2", rows: 20 };
    await table.evaluate(
      (next) => {
        window.host.rows = 20;
        window.host.push(next);
      },
      snapshot({ status: newer }),
    );
    const strip = table.locator('[data-strip="newer"]');
    await strip.waitFor();
    expect(await footer(table).textContent()).toContain("of 10,000,000");
    await strip.getByRole("button", { name: "Refresh" }).click();
    await eventually(() => footer(table).textContent()).toContain("rows 1–20 of 20");
    expect(await strip.count()).toBe(0);
    await table.keyboard.press("Escape");
    await table.evaluate(
      (next) => {
        window.host.rows = 30;
        window.host.push(next);
      },
      snapshot({ status: { ...newer, runId: "run-3", rows: 30 } }),
    );
    await eventually(() => footer(table).textContent()).toContain("of 30");
  });

  test("when the runner stops, loaded rows stay readable", async () => {
    const table = await open();
    await shown(table);
    await table.evaluate((next) => window.host.push(next), snapshot({ runner: "gone" }));
    await table.locator('[data-strip="gone"]').getByRole("button", { name: "Restart runner" }).click();
    expect((await sent(table)).at(-1)).toEqual({ type: "action", action: "restart" });
    expect(await cell(table, 0, 0).textContent()).toBe("9007199254740993");
  });

  test("a stale table says why and offers to materialize it", async () => {
    const table = await open({ snapshot: snapshot({ status: { ...status, state: "stale", reason: "clean_sales changed" } }) });
    const strip = table.locator('[data-strip="stale"]');
    await strip.getByText("Stale: clean_sales changed.").waitFor();
    await strip.getByRole("button", { name: "Materialize" }).click();
    expect((await sent(table)).at(-1)).toEqual({ type: "action", action: "materialize" });
  });

  test("a rebuilt page comes back with its sort, filter and place", async () => {
    const kept = { version: 1, subject, sort: [{ column: "id", descending: true }], filter: [], widths: { id: 300 }, row: 5_000_000 };
    const table = await open({ kept });
    await eventually(() => footer(table).textContent()).toMatch(/^rows 5,000,001–/);
    const requests = await pageRequests(table);
    expect(requests[0]?.sort).toEqual(kept.sort);
    expect(await table.getByRole("columnheader", { name: /^id/ }).evaluate((header) => header.getBoundingClientRect().width)).toBe(300);
  });
});

describe("a narrow panel", () => {
  const divided = snapshot({ partitionLabel: "2026-01-05 · eu" });
  test("shows everything above the rows without a scrollbar, and reaches it with Tab in the order of the page", async () => {
    const table = await open({ columns: 3, rows: 5, width: 300, snapshot: divided });
    await table.locator(".ag-cell").first().waitFor();
    const clipped = await table.evaluate(() => {
      const outside = [...document.querySelectorAll("header button, header h1, header .fact, .footer *")].filter((one) => {
        const { left, right, width } = one.getBoundingClientRect();
        return width > 0 && (left < 0 || right > window.innerWidth);
      });
      return { outside: outside.map((one) => one.textContent), scrolls: document.documentElement.scrollWidth > window.innerWidth };
    });
    expect(clipped).toEqual({ outside: [], scrolls: false });
    const reached: string[] = [];
    for (let step = 0; step < 6; step++) {
      await table.keyboard.press("Tab");
      reached.push(await table.evaluate(() => (document.activeElement?.closest(".grid") ? "grid" : (document.activeElement?.textContent ?? ""))));
    }
    expect(reached).toEqual(["Partition 2026-01-05 · eu", "Go to row", "Refresh", "Open source", "Materialize", "grid"]);
  });

  test("another partition is asked for by keyboard; an asset without partitions offers none", async () => {
    const table = await open({ columns: 3, rows: 5, snapshot: divided });
    const button = table.getByRole("button", { name: "Partition 2026-01-05 · eu" });
    await button.focus();
    await table.keyboard.press("Enter");
    expect(await table.evaluate(() => window.host.sent.filter(({ type }) => type === "action"))).toEqual([{ type: "action", action: "partition" }]);
    await table.evaluate((next) => window.host.push(next), snapshot({ partitionLabel: "" }));
    await table.getByRole("button", { name: "All partitions" }).waitFor();
    await table.evaluate((next) => window.host.push(next), snapshot());
    await eventually(() => table.locator("button.switch").count()).toBe(0);
  });
});

describe("accessibility", () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

  async function serious(table: Page): Promise<string[]> {
    // Through the debugger, which the page's policy does not bind.
    await table.evaluate(axe);
    return table.evaluate(async () => {
      const run = (window as unknown as { axe: typeof import("axe-core") }).axe;
      const { violations } = await run.run(document, { resultTypes: ["violations"] });
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("\n")}`);
    });
  }

  for (const theme of themes) {
    test(`nothing serious in ${theme}: rows, strips, pills, detail, menu, filter`, async () => {
      const status = snapshot().status;
      const table = await open({
        theme,
        ...(status ? { snapshot: snapshot({ partitionLabel: "2026-01-05", status: { ...status, state: "stale", reason: "code changed" } }) } : {}),
      });
      await shown(table);
      await cell(table, 0, 2).click();
      await table.keyboard.press("Alt+ArrowDown");
      await table.getByLabel("Comparison").selectOption("lt");
      await table.getByLabel("Value").fill("40");
      expect(await serious(table)).toEqual([]);
      await table.keyboard.press("Enter");
      await table.locator(".pill").waitFor();
      for (const key of ["Home", "End", "ArrowLeft", "Enter"]) await table.keyboard.press(key);
      await table.locator(".json-branch").first().waitFor();
      expect(await serious(table)).toEqual([]);
      await cell(table, 0, 8).click({ button: "right" });
      await table.getByRole("menu").waitFor();
      expect(await serious(table)).toEqual([]);
    });
    test(`nothing serious in ${theme}: pages of state`, async () => {
      const table = await open({ theme, pageError: { code: "io/locked", message: "locked", hint: "Close it." } });
      await table.getByRole("heading", { name: "The rows could not be read" }).waitFor();
      expect(await serious(table)).toEqual([]);
      await table.evaluate((next) => window.host.push(next), snapshot({ status: { key: subject.key, state: "missing" } }));
      await table.getByRole("heading", { name: "Never materialized" }).waitFor();
      expect(await serious(table)).toEqual([]);
    });
  }
});
