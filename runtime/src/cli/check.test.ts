import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeProject, sourceModules, type TestProject, testEnvironment } from "../project/test-project.ts";

const main = pathToFileURL(fileURLToPath(new URL("./main.ts", import.meta.url))).href;
const script = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1), ${JSON.stringify({ embedded: sourceModules })});`;
const assets = `import { asset, dailyPartitions } from "sluice";
const days = dailyPartitions({ start: "2026-01-01", end: "2026-01-04", column: "day" });
export const sales = asset("sales", { params: { least: 1 }, run: () => [{ n: Number(process.env.LEAST ?? 1) }, { n: 2 }] });
export const daily = asset("daily", { partitions: days, run: (_, { partition }) => [{ day: partition.key, n: 1 }] });
export const total = asset("total", { inputs: { sales }, run: ({ sales }) => [{ n: sales.length }] });
`;
const checks = `import { assetCheck, rows, sql } from "sluice";
import { daily, sales } from "./a.ts";
assetCheck(sales, { name: "positive", blocking: true, run: (rows) => ({ passed: rows.every(({ n }) => n > 0), description: "all above 0" }) });
assetCheck(sales.as(rows()), { name: "small", run: (rows) => rows.every(({ n }) => n < 2) });
assetCheck(daily, { name: "own day", severity: "warn", run: (rows, { partition }) => rows.every(({ day }) => day === partition.key && day !== "2026-01-02") });
`;
const config = `import { defineConfig } from "sluice";
import { duckdb } from "sluice/duckdb";
export default defineConfig({ assets: ["assets/*.ts"], targets: { local: { ioManager: duckdb({ database: "data.duckdb" }) } }, defaultTarget: "local" });
`;

let project: TestProject;
beforeAll(() => {
  project = makeProject({ "sluice.config.ts": config, "assets/a.ts": assets, "assets/checks.ts": checks });
});
afterAll(() => project.dispose());

function sluice(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    cwd: project.root,
    env: { ...testEnvironment, ...environment },
    encoding: "utf8",
  });
  return { code: status, out: stdout, error: stderr };
}

test("checks keep values out of a run, are seen in its history, and are made of what is stored", () => {
  const nothing = sluice(["check", "sales"]);
  expect(nothing.code).toBe(1);
  expect(nothing.out).toContain("io/not-found · sales");

  const run = sluice(["materialize", "sales or total"]);
  expect(run).toMatchObject({ code: 0, error: "" });
  expect(run.out).toContain("✗ sales  check small failed");
  expect(run.out).toMatch(/Done: 2 materialized, 1 of 2 checks failed/);

  const refused = sluice(["materialize", "sales or total"], { LEAST: "-5" });
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('The check "positive" of sales failed: all above 0');
  expect(refused.out).toMatch(/at assets\/checks.ts:3/);
  expect(refused.out).toMatch(/- total\s+skipped: sales failed/);
  expect(sluice(["preview", "sales"]).out).not.toContain("-5");
  const [last] = JSON.parse(sluice(["runs", "--json"]).out) as { runId: string }[];
  expect(sluice(["runs", last!.runId]).out).toContain("check positive failed: all above 0");

  const checked = sluice(["check", "sales"]);
  expect(checked.code).toBe(1);
  expect(checked.out).toMatch(/✓ sales +check positive passed: all above 0\n✗ sales +check small failed\nlocal: 1 failed, 1 passed in /);
  expect(JSON.parse(sluice(["runs", "--json"]).out)).toHaveLength(2);
});

test("checks of partitions are made of each that is stored, or of those named", () => {
  expect(sluice(["materialize", "daily", "--range", "2026-01-01..2026-01-02"])).toMatchObject({ code: 0 });
  const all = sluice(["check", "daily"]);
  expect(all.code).toBe(0);
  expect(all.out).toMatch(/✓ daily \[2026-01-01\] .*passed\n! daily \[2026-01-02\] +check own day warns\nlocal: 1 warns, 1 passed in /);
  const one = sluice(["check", "-s", "daily", "--partition", "2026-01-01", "--json"]);
  expect(JSON.parse(one.out)).toMatchObject({
    type: "check-evaluated",
    asset: "daily",
    partition: "2026-01-01",
    check: "own day",
    passed: true,
    on: "stored",
  });
  const missing = sluice(["check", "daily", "--partition", "2026-01-03", "--json"]);
  expect([missing.code, JSON.parse(missing.out)]).toMatchObject([1, { type: "error", error: { code: "io/not-found", asset: "daily" } }]);
  expect(sluice(["check", "daily", "--partition", "2026-02-01"])).toMatchObject({ code: 2 });
  expect(sluice(["check", "total"])).toMatchObject({ code: 0, out: "local: nothing to check\n" });
});
