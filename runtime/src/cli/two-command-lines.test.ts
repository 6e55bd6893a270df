import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeProject, sourceModules, type TestProject, testEnvironment } from "../project/test-project.ts";

const main = pathToFileURL(fileURLToPath(new URL("./main.ts", import.meta.url))).href;
const script = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1), ${JSON.stringify({ embedded: sourceModules })});`;
const config = `import { defineConfig } from "sluice";
import { duckdb, duckdbResource } from "sluice/duckdb";
import { connection } from "./keys.ts";
const database = "data.duckdb";
export default defineConfig({
  assets: ["assets/*.ts"],
  keys: [connection],
  targets: { local: { ioManager: duckdb({ database, idleRelease: 3_600_000 }), connection: duckdbResource({ database }) } },
  defaultTarget: "local",
});
`;
const keys = `import { resourceKey } from "sluice";
import type { DuckdbConnection } from "sluice/duckdb";
export const connection = resourceKey<DuckdbConnection>()("connection");
`;
const assets = `import { existsSync } from "node:fs";
import { asset, rows } from "sluice";
import { connection } from "../keys.ts";
export const raw = asset("raw", { run: () => [{ n: 1 }, { n: 2 }] });
export const sums = asset("sums", { inputs: { raw: raw.as(rows()) }, run: ({ raw }) => [{ n: raw.reduce((sum, { n }) => sum + n, 0) }] });
export const long = asset("long", {
  resources: { connection },
  run: async (_, { log, resources }) => {
    await resources.connection.run("BEGIN TRANSACTION; CREATE TABLE half_done AS SELECT 1 AS i");
    log.info("under way");
    while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 10));
    await resources.connection.run("ROLLBACK");
  },
});
`;

let project: TestProject;
beforeEach(() => {
  project = makeProject({ "sluice.config.ts": config, "keys.ts": keys, "assets/a.ts": assets });
});
afterEach(() => project.dispose());

/** A command line of its own. */
function sluice(...args: readonly string[]) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "--", ...args], { cwd: project.root, env: testEnvironment });
  let out = "";
  let error = "";
  const seen = new Set<() => void>();
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
    for (const look of seen) look();
  });
  child.stderr.on("data", (chunk) => {
    error += String(chunk);
  });
  const ended = new Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, out, error })),
  );
  /** Resolves when it has said that; rejects when it ends before. */
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = () => out.includes(text) && resolve();
      seen.add(look);
      look();
      void ended.then(() => reject(new Error(`It ended having said: ${out}${error}`)));
    });
  return { child, ended, said };
}

test("while one has a DuckDB file in a transaction, others list, preview and load it, and materialize once it has ended", async () => {
  expect(await sluice("materialize", "raw").ended).toMatchObject({ code: 0 });
  const long = sluice("materialize", "long");
  await long.said("under way");

  const list = await sluice("list", "--json").ended;
  const states = (JSON.parse(list.out) as { assets: { key: string; status?: { state: string } }[] }).assets;
  expect(states.map(({ key, status }) => [key, status?.state])).toEqual(
    expect.arrayContaining([
      ["raw", "fresh"],
      ["sums", "missing"],
    ]),
  );
  expect(await sluice("preview", "raw", "--sort=-n").ended).toMatchObject({ code: 0, out: expect.stringContaining("rows 1 to 2 of 2") });

  const sums = sluice("materialize", "sums");
  await sums.said(`Waiting for another Sluice (process ${long.child.pid}`);
  writeFileSync(project.file("go"), "");
  expect(await long.ended).toMatchObject({ code: 0 });
  expect(await sums.ended).toMatchObject({ code: 0, error: "", out: expect.stringContaining("Done: 1 materialized") });
  expect((await sluice("preview", "sums", "--json").ended).out).toContain('"cells":[["3"]]');
});

test("two materialize different assets of one file at once, and both succeed", async () => {
  project.write({
    "assets/a.ts": Array.from(
      { length: 8 },
      (_, i) => `export const a${i} = asset("a${i}", { group: "g${i % 2}", run: () => [{ n: ${i} }] });`,
    ).reduce((text, line) => `${text}${line}\n`, 'import { asset } from "sluice";\n'),
  });
  const runs = await Promise.all([sluice("materialize", "group:g0").ended, sluice("materialize", "group:g1").ended]);
  for (const run of runs) expect(run).toMatchObject({ code: 0, error: "", out: expect.stringContaining("Done: 4 materialized") });
  const { assets: found } = JSON.parse((await sluice("list", "--json").ended).out) as { assets: { key: string; status: { state: string } }[] };
  expect(found.map(({ status }) => status.state)).toEqual(Array.from({ length: 8 }, () => "fresh"));
});
