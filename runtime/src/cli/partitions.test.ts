import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeProject, sourceModules, type TestProject, testEnvironment } from "../project/test-project.ts";

const main = pathToFileURL(fileURLToPath(new URL("./main.ts", import.meta.url))).href;
const script = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1), ${JSON.stringify({ embedded: sourceModules })});`;
const assets = `import { asset, dailyPartitions, dynamicPartitions } from "sluice";
const days = dailyPartitions({ start: "2026-01-01", end: "2026-01-04", column: "day" });
export const raw = asset("raw", { partitions: days, run: (_, { partition }) => [{ day: partition.key, n: 1 }] });
export const clean = asset("clean", { partitions: days, inputs: { raw }, run: ({ raw }) => raw });
export const people = asset("people", { partitions: dynamicPartitions("people", { column: "name" }), run: (_, { partition }) => [{ name: partition.key }] });
`;
const config = `import { defineConfig } from "sluice";
import { duckdb } from "sluice/duckdb";
export default defineConfig({ assets: ["assets/*.ts"], targets: { local: { ioManager: duckdb({ database: "data.duckdb" }) } }, defaultTarget: "local" });
`;

let project: TestProject;
beforeAll(() => {
  project = makeProject({ "sluice.config.ts": config, "assets/a.ts": assets });
});
afterAll(() => project.dispose());

function sluice(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    cwd: project.root,
    env: testEnvironment,
    encoding: "utf8",
  });
  return { code: status, out: stdout, error: stderr };
}

test("partitions are named, made in batches, listed and shown", () => {
  expect(sluice("materialize", "raw").error).toContain("raw has partitions; nothing says which of them to make.");
  expect(sluice("materialize", "clean", "--partition", "2026-01-02").error).toContain("sluice materialize raw --partitions 2026-01-02");
  expect(sluice("materialize", "raw", "--range", "2026-01-02").error).toContain('--range takes A..B, not "2026-01-02".');

  const one = sluice("materialize", "raw", "--partitions", "2026-01-02");
  expect(one).toMatchObject({ code: 0, error: "" });
  expect(one.out).toContain("✓ raw [2026-01-02]");
  const rest = sluice("materialize", "raw or clean", "--missing", "--batch", "2");
  expect(rest).toMatchObject({ code: 0, error: "" });
  expect(rest.out.match(/^Done/gm)).toHaveLength(2);

  const listed = JSON.parse(sluice("partitions", "list", "clean", "--json").out) as { key: string; state: string }[];
  expect(listed.map(({ key, state }) => `${key} ${state}`)).toEqual(["2026-01-01 fresh", "2026-01-02 fresh", "2026-01-03 fresh"]);
  expect(sluice("preview", "clean", "--partition", "2026-01-03").out).toContain("rows 1 to 1 of 1");
  expect(sluice("preview", "clean").out).toContain("rows 1 to 3 of 3");
  expect(sluice("preview", "clean", "--partition", "2026-01-09").error).toContain('clean has no partition "2026-01-09".');
});

test("keys of dynamic partitions are added, each once, and then made", () => {
  expect(sluice("partitions", "add", "peple", "ada").error).toContain('Did you mean "people"?');
  expect(sluice("partitions", "add", "people", "O'Neil; drop", "a/../b").out).toBe("2 added to people\n");
  expect(sluice("partitions", "add", "people", "a/../b", "bo").out).toBe("1 added to people, 1 known already\n");
  expect(sluice("materialize", "people", "--range", "..")).toMatchObject({ code: 0, error: "" });
  const listed = JSON.parse(sluice("partitions", "list", "people", "--json").out) as { key: string; state: string }[];
  expect(listed.map(({ key, state }) => `${key} ${state}`)).toEqual(["O'Neil; drop fresh", "a/../b fresh", "bo fresh"]);
});
