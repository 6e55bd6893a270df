import * as assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as vscode from "vscode";
import { materialize, pathOf, project, runnerProcesses, sluice, stateOf, until, write } from "./editor.ts";

const odd = "assets/odd.ts";
const choose = async (target: string) => {
  const { id } = await project();
  await vscode.commands.executeCommand("sluice.selectTarget", { project: id }, target);
  await until(project, (seen) => seen.target === target && seen.assets.every((asset) => asset.status !== undefined));
};

const message = async () => (await sluice()).state().message ?? "";

/** A foreign process that has the database open to write. */
async function hold(file: string): Promise<ChildProcess> {
  const { extensionPath } = vscode.extensions.getExtension("sluice.sluice-vscode") ?? assert.fail("the extension is not there");
  const module = pathToFileURL(join(extensionPath, "dist/vendor/duckdb.mjs")).href;
  const script = `
    const { DuckDBInstance } = await import(${JSON.stringify(module)});
    const connection = await (await DuckDBInstance.create(${JSON.stringify(file)})).connect();
    await connection.run("select 1");
    process.stdout.write("held");
    setInterval(() => connection, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
  });
  await once(child.stdout ?? assert.fail("no output"), "data");
  return child;
}

describe("a database that another program has open", () => {
  let other: ChildProcess | undefined;
  afterEach(async () => {
    if (other && other.exitCode === null && other.signalCode === null) {
      const gone = once(other, "exit");
      other.kill("SIGKILL");
      await gone;
    }
    other = undefined;
  });

  it("is refused at once with the program and its process, everywhere; and works again when that has ended", async () => {
    await materialize("raw_sales");
    await vscode.commands.executeCommand("sluice.releaseStores");
    other = await hold(pathOf("data/sales.duckdb"));
    const from = Date.now();
    const refused = await materialize("raw_sales");
    assert.equal(refused?.state, "failed");
    assert.ok(Date.now() - from < 10_000, `it took ${Date.now() - from} ms`);
    const status = await stateOf("raw_sales");
    assert.equal(status?.error?.code, "io/locked");
    assert.match(status?.error?.message ?? "", new RegExp(`held by \\S+ \\(process ${other.pid}\\)`));
    const { pid } = other;
    await until(message, (text) => new RegExp(`"data/sales.duckdb" is held by \\S+ \\(process ${pid}\\)`).test(text));

    const gone = once(other, "exit");
    other.kill("SIGKILL");
    await gone;
    assert.equal((await materialize("raw_sales"))?.state, "succeeded");
    assert.equal((await stateOf("raw_sales"))?.state, "fresh");
    await until(message, (text) => text === "");
  });
});

describe("a target whose variables are not set", () => {
  before(() => choose("prod"));
  after(() => choose("local"));

  it("is said in words, and nothing runs", async () => {
    const { assets } = await project();
    for (const { key, status } of assets) assert.equal(status?.state, "unknown", key);
    await until(message, (text) => /environment variable SALES_DATABASE is not set/.test(text));
    // The target is protected, but nobody is asked about a run that cannot be: a dialog would wait for an answer.
    const summary = await materialize("raw_sales");
    assert.equal(summary, undefined);
    assert.deepEqual(
      (await project()).runs.filter((run) => run.target === "prod"),
      [],
    );
  });
});

describe("names that SQL would stumble over", () => {
  after(async () => {
    rmSync(pathOf(odd), { force: true });
    await until(project, (seen) => !seen.assets.some((asset) => asset.key === "odd/select"));
  });

  it("are stored and shown as they are", async () => {
    write(
      odd,
      `import { asset, sql } from "sluice";
export const select = asset("odd/select", { table: { name: 'my "odd" table; --' }, run: () => [{ order: 1, "a b": "x", 'q"q': 2 }] });
export const from = asset("odd/from", { inputs: { select: select.as(sql) }, run: ({ select }) => sql\`select "order", "q""q" + 1 as "group" from \${select}\` });
`,
    );
    await until(project, (seen) => seen.assets.some((asset) => asset.key === "odd/from" && asset.status !== undefined));
    const summary = await materialize("odd/from");
    assert.equal(summary?.state, "succeeded", JSON.stringify(summary));
    for (const [key, columns] of [
      ["odd/select", 3],
      ["odd/from", 2],
    ] as const) {
      const { tables } = await sluice();
      const shown = new Promise((done) => {
        const heard = tables.onDidShow((table) => {
          if (table.subject.key !== key) return;
          heard.dispose();
          done({ rows: table.rows, columns: table.columns });
        });
      });
      const { id } = await project();
      await vscode.commands.executeCommand("sluice.preview", { project: id, key });
      assert.deepEqual(await shown, { rows: 1, columns });
    }
  });
});

describe("after all of that", () => {
  it("there is one runner", () => assert.equal(runnerProcesses().length, 1));
});
