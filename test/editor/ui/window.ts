// A whole editor window on a copy of a project, driven by a browser as a person would.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { launchBrowser } from "../../../scripts/editor/browser.mjs";
import { startEditor, windowUrl } from "../../../scripts/editor/code-server.mjs";

export const root = join(import.meta.dirname, "../../..");
export const shots = join(root, ".test-out/shots");
export const themes = { dark: "Dark Modern", light: "Light Modern", contrast: "Default High Contrast" } as const;

export interface EditorWindow {
  readonly page: Page;
  /** The folder that is open. */
  readonly folder: string;
  readonly logs: () => string;
  readonly palette: (command: string) => Promise<void>;
  readonly openFile: (path: string) => Promise<void>;
  readonly showAssets: () => Promise<void>;
  readonly treeItem: (name: RegExp) => Locator;
  /** Clicks, until the effect is there: lenses and trees are rebuilt while they are being clicked. */
  readonly until: (click: Locator, effect: Locator, hover?: Locator) => Promise<void>;
  readonly lens: (text: string, index?: number) => Locator;
  /** What the webview in front shows. */
  readonly table: () => ReturnType<Page["frameLocator"]>;
  readonly shot: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface WindowOptions {
  /** Folder to copy; an empty folder when left out. */
  readonly project?: string;
  /** Links the repository's node_modules into the copy. */
  readonly installed?: boolean;
  readonly theme?: string;
  readonly vsix?: string;
  readonly trust?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly prepare?: (folder: string) => void;
}

let browser: Promise<Browser> | undefined;
export async function closeBrowser() {
  await (await browser)?.close();
  browser = undefined;
}

export async function openWindow(options: WindowOptions = {}): Promise<EditorWindow> {
  const work = mkdtempSync(join(tmpdir(), "sluice-ui-"));
  const folder = join(work, "shop");
  mkdirSync(folder);
  const skipped = /[\\/](node_modules|\.sluice|staging|[^\\/]*\.duckdb[^\\/]*)$/;
  if (options.project) cpSync(join(root, options.project), folder, { recursive: true, filter: (path: string) => !skipped.test(path) });
  if (options.installed) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  options.prepare?.(folder);
  const editor = await startEditor({
    ...(options.vsix ? { vsix: options.vsix } : { link: root }),
    ...(options.trust === false ? { trust: false } : {}),
    settings: {
      "workbench.colorTheme": options.theme ?? themes.dark,
      "workbench.reduceMotion": "on",
      "editor.minimap.enabled": false,
      "git.enabled": false,
    },
    env: options.env ?? {},
  });
  browser ??= launchBrowser();
  const context = await (await browser).newContext({ viewport: { width: 1400, height: 860 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const logs: string[] = [];
  page.on("console", (message) => logs.push(message.text()));
  await page.goto(windowUrl(editor, { folder }), { waitUntil: "commit" });
  await page.locator(".monaco-workbench .part.sidebar").first().waitFor();

  const view: EditorWindow = {
    page,
    folder,
    logs: () => logs.join("\n"),
    async palette(command) {
      await page.keyboard.press("F1");
      const input = page.locator(".quick-input-widget input");
      await input.waitFor();
      await input.fill(`>${command}`);
      await page.locator(".quick-input-list .monaco-list-row", { hasText: command }).first().waitFor();
      await page.keyboard.press("Enter");
    },
    async openFile(path) {
      await page.keyboard.press("Control+P");
      const input = page.locator(".quick-input-widget input");
      await input.waitFor();
      await input.fill(path);
      await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("tab", { name: new RegExp(path.split("/").at(-1) ?? path) }).waitFor();
    },
    async showAssets() {
      await page
        .locator(".activitybar")
        .getByRole("tab", { name: /Sluice/ })
        .click();
      await page.locator(".pane-header", { hasText: "Assets" }).first().waitFor();
    },
    treeItem: (name) => page.getByRole("treeitem", { name }),
    async until(click, effect, hover) {
      for (let attempt = 1; ; attempt++) {
        try {
          await hover?.hover({ timeout: 5000 });
          await click.click({ timeout: 5000 });
          await effect.first().waitFor({ timeout: 25_000 });
          return;
        } catch (error) {
          if (attempt === 6) throw error;
          // The editor sometimes shows lenses of its cache that have no command (microsoft/vscode#202185); an edit draws them anew.
          const line = page.locator(".view-line").last();
          if (!(await line.isVisible())) continue;
          await line.click();
          await page.keyboard.press("Control+End");
          await page.keyboard.type(" ");
          await page.keyboard.press("Backspace");
        }
      }
    },
    lens: (text, index = 0) => page.locator(".codelens-decoration a", { hasText: text }).nth(index),
    table: () => page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame"),
    async shot(name) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `${name}.png`) });
    },
    async close() {
      await context.close();
      await editor.stop();
      rmSync(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  return view;
}
