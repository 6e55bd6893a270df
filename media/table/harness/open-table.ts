import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { contentPolicy, pageHtml } from "../../../client/panels/html.ts";
import { tableTexts } from "../../../client/panels/table-texts.ts";
import type { TableSnapshot } from "../../../runtime/src/model/table-messages.ts";
import { launchBrowser } from "../../../scripts/editor/browser.mjs";
import type { Scenario } from "./fake-host.ts";

const here = import.meta.dirname;
const origin = "https://webview.test";
const nonce = "testNonce123";

export const themes = ["dark", "light", "hc-dark", "hc-light"] as const;
export type ThemeName = (typeof themes)[number];

export const subject = { project: "file:///home/ada/shop", key: "marts/fct_orders", target: "dev" };

export const snapshot = (part: Partial<TableSnapshot> = {}): TableSnapshot => ({
  subject,
  runner: "ready",
  status: {
    key: subject.key,
    state: "fresh",
    storedAt: Date.now() - 125_000,
    runId: "run-1",
    rows: 10_000_000,
    place: "data/shop.duckdb · marts.fct_orders",
  },
  ...part,
});

export interface TableHarness {
  readonly open: (scenario?: Partial<Omit<Scenario, "theme" | "texts">> & { readonly theme?: ThemeName; readonly width?: number }) => Promise<Page>;
  readonly close: () => Promise<void>;
}

/** Builds the page as it ships and opens it in a headless browser, under the shipped policy, before a made-up host. */
export async function startHarness(): Promise<TableHarness> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-table-"));
  const options = { bundle: true, format: "iife", platform: "browser", target: "es2022", jsx: "automatic", logLevel: "warning" } as const;
  let browser: Browser;
  try {
    [browser] = await Promise.all([
      launchBrowser(),
      build({
        ...options,
        entryPoints: { table: join(here, "../main.tsx") },
        outdir: folder,
        minify: true,
        define: { "process.env.NODE_ENV": '"production"' },
      }),
      build({ ...options, entryPoints: { "fake-host": join(here, "fake-host.ts") }, outdir: folder }),
    ]);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const file = (name: string) => readFileSync(join(folder, name), "utf8");
  const fakeHost = file("fake-host.js");
  const served: Readonly<Record<string, readonly [type: string, body: string]>> = {
    "/": [
      "text/html",
      pageHtml({ title: subject.key, language: "en", source: origin, nonce, script: `${origin}/table.js`, style: `${origin}/table.css` }),
    ],
    "/table.js": ["text/javascript", file("table.js")],
    "/table.css": ["text/css", file("table.css")],
  };

  return {
    async open({ theme = "dark", width = 1280, ...part } = {}) {
      const context = await browser.newContext({ viewport: { width, height: 720 } });
      const page = await context.newPage();
      await page.route("**/*", (route) => {
        const found = served[new URL(route.request().url()).pathname];
        if (!found) return route.fulfill({ status: 404, body: "" });
        return route.fulfill({
          contentType: found[0],
          body: found[1],
          headers: { "content-security-policy": contentPolicy(origin, nonce) },
        });
      });
      const scenario: Scenario = {
        rows: 10_000_000,
        columns: 10,
        snapshot: snapshot(),
        delay: 5,
        ...part,
        texts: tableTexts({ t: (message) => message }),
        theme: JSON.parse(readFileSync(join(here, `themes/${theme}.json`), "utf8")) as Scenario["theme"],
      };
      await page.addInitScript({ content: `window.scenario = ${JSON.stringify(scenario)};\n${fakeHost}` });
      await page.goto(`${origin}/`);
      return page;
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
