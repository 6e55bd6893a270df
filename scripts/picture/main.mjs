// Draws docs/images/editor.png: the sales example in a dark editor, the code and a stored table side by side.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { closeBrowser, openWindow, root, themes } from "../../test/editor/ui/window.ts";

const file = join(root, "docs/images/editor.png");
const view = await openWindow({ project: "examples/sales", installed: true, theme: themes.dark });
try {
  const { page } = view;
  await view.showAssets();
  await view
    .treeItem(/sales_summary/)
    .first()
    .waitFor();
  await view.openFile("assets/sales.ts");
  await view.lens("never materialized").first().waitFor();
  await view.palette("Sluice: Materialize All");
  await view.lens("8 rows").first().waitFor();
  await view.palette("View: Split Editor Right");
  const preview = view.treeItem(/^sales_summary.*8 rows/).first();
  await view.until(preview.getByRole("button", { name: /Preview/ }), page.getByRole("tab", { name: /sales_summary/ }), preview);
  await view.table().locator(".ag-cell", { hasText: "Hana" }).first().waitFor();
  // The split leaves a second tab of the code beside the preview.
  await page
    .locator(".editor-group-container")
    .nth(1)
    .getByRole("tab", { name: /sales\.ts/ })
    .click({ button: "middle" });
  await page.locator(".editor-group-container").nth(0).locator(".line-numbers", { hasText: /^7$/ }).first().click();
  await page.keyboard.press("Control+Home");
  await view.palette("View: Toggle Word Wrap");
  await view.lens("fresh", 2).waitFor();
  // The code is wider than the table.
  const border = (await page.locator(".editor-group-container").nth(1).boundingBox())?.x ?? 0;
  await page.mouse.move(border, 600);
  await page.mouse.down();
  await page.mouse.move(border + 106, 600, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(700, 12);
  await view.table().locator(".ag-cell", { hasText: "Hana" }).first().waitFor();
  await page.locator(".notifications-toasts .notification-toast").first().waitFor({ state: "detached", timeout: 15_000 });
  mkdirSync(join(root, "docs/images"), { recursive: true });
  await page.screenshot({ path: file });
  console.log(`${file}: ${Math.round(statSync(file).size / 1024)} KB`);
} finally {
  await view.close();
  await closeBrowser();
}
