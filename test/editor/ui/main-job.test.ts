import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { packageExtension } from "../../../scripts/package/main.mjs";
import { closeBrowser, type EditorWindow, openWindow, themes } from "./window.ts";

let view: EditorWindow | undefined;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") await view?.shot(`failed ${context.task.name.replaceAll(/\W+/g, "-")}`).catch(() => undefined);
  await view?.close();
  view = undefined;
});
afterAll(closeBrowser);

const cell = (window: EditorWindow, text: string) => window.table().locator(".ag-cell", { hasText: text }).first();

describe.each(Object.entries(themes))("the sales example, %s", (name, theme) => {
  it("goes from a lens to the stored table", async () => {
    view = await openWindow({ project: "examples/sales", installed: true, theme });
    await view.showAssets();
    await view
      .treeItem(/sales_summary/)
      .first()
      .waitFor();
    await view.openFile("assets/sales.ts");
    await view.lens("Materialize", 0).waitFor();
    await view.shot(`${name}-1-open`);
    await view.until(view.lens("Materialize with 2 upstream"), view.treeItem(/^sales_summary.*8 rows/));
    await view.shot(`${name}-2-materialized`);
    await view.until(view.lens("Preview", 2), view.page.getByRole("tab", { name: /sales_summary/ }));
    await cell(view, "Ada").waitFor();
    await view.shot(`${name}-3-preview`);
    for (const owner of ["Bo", "Ada", "Dagny", "Gus", "Farah", "Chidi", "Eun-ji", "Hana"]) await cell(view, owner).waitFor();
    expect(view.logs()).not.toMatch(/Content Security Policy directive.*(table\.js|table\.css)/);
  });
});

describe.each(Object.entries(themes))("partitions, %s", (name, theme) => {
  it("are chosen, materialized, listed and previewed", async () => {
    view = await openWindow({ project: "examples/partitions", installed: true, theme });
    const { page } = view;
    const pick = (text: string | RegExp) => page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
    await view.showAssets();
    const asset = view.treeItem(/^daily_revenue.*0\/31 partitions/).first();
    await asset.waitFor();
    await view.until(asset.getByRole("button", { name: /^Materialize/ }), pick("Missing and failed partitions"), asset);
    await view.shot(`partitions-${name}-1-which`);
    await pick("Choose several").click();
    await pick("2026-01-31").waitFor();
    await page.keyboard.type("2026-01-3");
    await view.shot(`partitions-${name}-2-several`);
    await pick("2026-01-30").click();
    await pick("2026-01-31").click();
    await page.keyboard.press("Enter");
    const made = view.treeItem(/^daily_revenue.*2\/31 partitions.*rows/).first();
    await made.waitFor();
    await view
      .treeItem(/^orders.*6\/93 partitions/)
      .first()
      .waitFor();
    await made.click();
    await page.keyboard.press("ArrowRight");
    const list = view.treeItem(/^partitions.*2\/31 stored/).first();
    await list.waitFor();
    await list.click();
    await view
      .treeItem(/^2026-01-29.*not stored/)
      .first()
      .waitFor();
    await view.shot(`partitions-${name}-3-tree`);
    const day = view.treeItem(/^2026-01-30/).first();
    await view.until(day.getByRole("button", { name: /^Preview/ }), page.getByRole("tab", { name: /daily_revenue · 2026-01-30/ }), day);
    await cell(view, "2026-01-30").waitFor();
    await view.shot(`partitions-${name}-4-preview`);
    await view.table().getByRole("button", { name: "Partition 2026-01-30" }).click();
    await pick("All partitions").waitFor();
    await view.shot(`partitions-${name}-5-switch`);
    await pick("All partitions").click();
    await cell(view, "2026-01-31").waitFor();
    await view.table().getByRole("button", { name: "All partitions" }).waitFor();
    await view.shot(`partitions-${name}-6-all`);
  });
});

describe("three million flights", () => {
  it("are fresh in the tree, and the preview scrolls to their last row", async () => {
    view = await openWindow({ project: "examples/flights", installed: true });
    await view.showAssets();
    await view
      .treeItem(/delay_histogram/)
      .first()
      .waitFor();
    await view.palette("Sluice: Materialize All");
    await view
      .treeItem(/seattle_delays.*rows/)
      .first()
      .waitFor({ timeout: 120_000 });
    await view
      .treeItem(/flights.*3\.00 M rows/)
      .first()
      .waitFor();
    await view.shot("flights-1-tree");
    const flights = view.treeItem(/flights.*3\.00 M rows/).first();
    await view.until(flights.getByRole("button", { name: /Preview/ }), view.page.getByRole("tab", { name: /flights/ }), flights);
    await view.table().locator(".ag-cell").first().click();
    await view.page.keyboard.press("Control+End");
    await view.table().locator('.ag-row[aria-rowindex="3000001"]').first().waitFor();
    await view
      .table()
      .getByText(/2001-06-30|2001-07-01/)
      .first()
      .waitFor();
    await view.shot("flights-2-last-row");
  });
});

describe("an asset that throws", () => {
  it("is marked on its line and in the tree", async () => {
    view = await openWindow({
      project: "examples/sales",
      prepare(folder) {
        const file = join(folder, "assets/sales.ts");
        writeFileSync(
          file,
          readFileSync(file, "utf8").replace(
            "rawSales.map((sale) => (",
            'rawSales.map((sale) => sale.owner.length > 99 ? sale : Number("x".at(5)!.length) > 0 ? sale : (',
          ),
        );
      },
    });
    await view.showAssets();
    await view
      .treeItem(/sales_summary/)
      .first()
      .waitFor();
    await view.openFile("assets/sales.ts");
    await view.lens("Materialize", 0).waitFor();
    await view.until(view.lens("Materialize with 2 upstream"), view.treeItem(/clean_sales.*failed/i));
    await view.page.locator(".squiggly-error").first().waitFor();
    await view.shot("failed-run");
  });
});

describe("the package, installed into a fresh editor on an empty folder", () => {
  let vsix = "";
  beforeAll(async () => {
    vsix = await packageExtension();
  });

  it("makes a project, materializes it and shows the table, without node_modules", async () => {
    view = await openWindow({ vsix });
    await view.showAssets();
    await view.page.getByRole("button", { name: "New Sluice Project" }).first().waitFor();
    await view.shot("empty-1-welcome");
    await view.page.getByRole("button", { name: "New Sluice Project" }).first().click();
    await view.lens("Materialize", 0).waitFor();
    await view.shot("empty-2-project");
    await view.until(view.lens("Materialize with 2 upstream"), view.treeItem(/sales_summary.*rows/));
    await view.until(view.lens("Preview", 2), view.page.getByRole("tab", { name: /sales_summary/ }));
    await view.table().locator(".ag-cell").first().waitFor();
    await view.shot("empty-3-preview");
    await view.page.getByRole("tab", { name: /sales\.ts/ }).click();
    await view.page.locator(".view-line", { hasText: "import { asset" }).locator("span", { hasText: "readCsv" }).last().hover();
    await view.page.locator(".monaco-hover", { hasText: "Batches" }).first().waitFor();
    // The editor's own TypeScript knows `sluice`: no problem is reported anywhere.
    expect(await view.page.locator(".squiggly-error").count()).toBe(0);
    await view.shot("empty-4-types");
    expect(existsSync(join(view.folder, "node_modules"))).toBe(false);
  });
});

describe("Restricted Mode", () => {
  it("draws the graph and runs nothing, until the folder is trusted", async () => {
    view = await openWindow({ project: "examples/sales", trust: false });
    await view.showAssets();
    await view
      .treeItem(/sales_summary/)
      .first()
      .waitFor();
    await view.openFile("assets/sales.ts");
    await view.lens("Trust", 0).waitFor();
    await view.shot("restricted");
    expect(existsSync(join(view.folder, ".sluice"))).toBe(false);
    await view.palette("Workspaces: Manage Workspace Trust");
    await view.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).click();
    await view.page.keyboard.press("Escape");
    await view.lens("Materialize", 0).waitFor();
  });
});

describe("a folder without assets", () => {
  it("says what to do", async () => {
    view = await openWindow();
    await view.showAssets();
    await view.page.getByRole("button", { name: "Open Walkthrough" }).first().waitFor();
    await view.shot("no-project");
  });
});
