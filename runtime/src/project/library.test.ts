import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { asset } from "../assets/asset.ts";
import { defineConfig } from "../assets/config.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { load, materialize } from "./library.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const temporary = () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-library-"));
  folders.push(folder);
  return folder;
};

const numbers = asset("numbers", { run: () => [{ n: 1 }, { n: 2 }] });
const total = asset("total", {
  inputs: { numbers: numbers.as(sql) },
  run: ({ numbers }) => sql<{ total: number }>`select sum(n)::int as total from ${numbers}`,
});
const config = () => defineConfig({ assets: ["none/*.ts"], targets: { local: {}, other: {} }, defaultTarget: "local" });

test("assets given as objects run with what is upstream of them, and their values are read back in the shape asked for", async () => {
  const root = temporary();
  const options = { config: config(), root };
  const run = await materialize([total, numbers], options);
  expect(run).toMatchObject({ success: true, failed: [] });
  expect(await run.value(numbers)).toEqual([{ n: 1 }, { n: 2 }]);
  const loaded: readonly { readonly total: number }[] = await load(total.as(rows()), options);
  expect(loaded).toEqual([{ total: 3 }]);
  await expect(load(numbers, { ...options, target: "other" })).rejects.toMatchObject({ code: "io/not-found" });
});

test("a failed step is a result, an input that is stored nowhere an error", async () => {
  const root = temporary();
  const broken = asset("broken", {
    run: (): { a: number }[] => {
      throw new TypeError("no");
    },
  });
  expect(await materialize([broken], { config: config(), root })).toMatchObject({ success: false, failed: ["broken"] });
  await expect(materialize([total], { config: config(), root })).rejects.toMatchObject({ code: "io/not-found" });
  expect(await materialize([total], { config: config(), root, upstream: true })).toMatchObject({ success: true });
});
