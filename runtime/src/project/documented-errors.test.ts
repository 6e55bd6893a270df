import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { asset } from "../assets/asset.ts";
import { assetCheck } from "../assets/check.ts";
import { type Config, defineConfig } from "../assets/config.ts";
import { env } from "../assets/env.ts";
import type { AnyAsset, Asset } from "../assets/inputs.ts";
import { ioManagerKey } from "../assets/keys.ts";
import { dailyPartitions, staticPartitions } from "../assets/partitions.ts";
import { source } from "../assets/source.ts";
import { thrownText } from "../cli/errors.ts";
import { processTerminal } from "../cli/terminal.ts";
import { openHistory } from "../engine/history.ts";
import { problemsOf } from "../engine/problems.ts";
import { loadPolars } from "../handlers/polars/package.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { duckdbResource } from "../io/duckdb/resource.ts";
import { duckdb } from "../io/duckdb.ts";
import { filesystem } from "../io/filesystem.ts";
import type { AnyIOManager } from "../io/manager.ts";
import { type ErrorCode, type ErrorInfo, errorCodes, fromErrorInfo, isSluiceError } from "../model/errors.ts";
import { selectAssets } from "../model/selection.ts";
import { materializeToMemory } from "../testing/materialize-to-memory.ts";
import { materialize } from "./library.ts";
import { openProject } from "./project.ts";
import { makeProject, nativeImport, stubConfig, stubPackage } from "./test-project.ts";

Error.prepareStackTrace = undefined as never; // the test runner's own would keep Node from mapping stacks to the sources
const page = readFileSync(new URL("../../../docs/reference/errors.md", import.meta.url), "utf8");
/** Of each section, by its code, what a command line shows. */
const examples = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), /^```text\n([\s\S]*?)^```/m.exec(section)?.[1]] as const),
);

const root = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-errors-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Where DuckDB shows the statement: it begins with the name of a staging table, which is another one each time. */
const staging = / +\n +LINE 1: .*\n +\^\n/;

/** A folder of its own for each case, with what runs in it. */
interface Place {
  readonly folder: string;
  /** The first error of a run of these assets: what keeps it from beginning, else what the first asset failed with. */
  readonly failure: (assets: readonly unknown[], options?: Readonly<Record<string, unknown>>) => Promise<ErrorInfo>;
  readonly run: (assets: readonly unknown[], options?: Readonly<Record<string, unknown>>) => Promise<void>;
}

const inDuckdb = (folder: string) => ({ ioManager: duckdb({ database: path.join(folder, "shop.duckdb") }) });
/** Definitions that the compiler refuses, since they are wrong. */
const wrongly = asset as unknown as (key: string, spec: object) => Asset<unknown, undefined, string>;
const configured = defineConfig as unknown as (config: object) => Config<string>;

function placeOf(folder: string): Place {
  const configs = new Map<unknown, Config<string>>();
  const own = inDuckdb(folder);
  const start = (
    assets: readonly unknown[],
    { bindings = own, keys = [], ...options }: Readonly<Record<string, unknown>>,
    onEvent: (event: { type: string }) => void,
  ) => {
    const config = configs.get(bindings) ?? configured({ assets: ["assets/*.ts"], keys, targets: { local: bindings }, defaultTarget: "local" });
    configs.set(bindings, config);
    return materialize(assets as readonly AnyAsset[], { config, root: folder, onEvent, ...options });
  };
  return {
    folder,
    async run(assets, options = {}) {
      const errors: unknown[] = [];
      const { success } = await start(assets, options, (event) => event.type === "step-failed" && errors.push(event));
      expect(errors).toEqual([]);
      expect(success).toBe(true);
    },
    async failure(assets, options = {}) {
      const found: ErrorInfo[] = [];
      try {
        await start(assets, options, (event) => {
          if ("error" in event) found.push(event.error as ErrorInfo);
        });
      } catch (thrown) {
        found.push(...problemsOf(thrown));
      }
      expect(found.length).toBeGreaterThan(0);
      return found[0]!;
    },
  };
}

/** What the call throws. */
async function thrownBy(call: () => unknown): Promise<ErrorInfo> {
  try {
    await call();
  } catch (thrown) {
    expect(isSluiceError(thrown)).toBe(true);
    return problemsOf(thrown)[0]!;
  }
  throw new Error("Nothing was thrown.");
}

/** What loading these files finds first. */
async function loading(files: Readonly<Record<string, string>>): Promise<ErrorInfo> {
  const at = makeProject({ ...stubPackage, "sluice.config.ts": stubConfig, ...files });
  const project = openProject({ root: at.root, environment: {}, importModule: nativeImport });
  try {
    const [first] = (await project.refresh()).errors;
    return { ...first!, ...(first?.place ? { place: { ...first.place, file: path.join(root, path.relative(at.root, first.place.file)) } } : {}) };
  } finally {
    project.close();
    at.dispose();
  }
}

const days = dailyPartitions({ start: "2026-01-01", end: "2026-02-01", column: "day" });
const sales = asset("sales", { run: () => [{ id: 1, owner: "Ada", amount: 12.5 }] });
const total = asset("total", { inputs: { sales: sales.as(rows()) }, run: ({ sales }) => [{ sales: sales.length }] });

/** What is wrong, for every code of the closed list. */
const cases: Record<ErrorCode, (place: Place) => Promise<ErrorInfo> | ErrorInfo> = {
  "config/invalid": () => thrownBy(() => wrongly("sales", { inputs: {}, runn: () => [], run: () => [] })),
  "config/missing-env": (at) => at.failure([sales], { bindings: { ioManager: duckdb({ database: env("SALES_DATABASE") }) } }),
  "config/unbound-key": (at) => at.failure([wrongly("model", { ioManager: ioManagerKey()("models"), run: () => [{ weight: 1 }] })]),
  "config/unknown-target": (at) => at.failure([sales], { target: "locla" }),
  "graph/cycle": (at) => at.failure([asset("stock", { deps: ["orders"], run: () => {} }), asset("orders", { deps: ["stock"], run: () => {} })]),
  "graph/duplicate-key": () => {
    const file = 'import { asset } from "sluice";\nexport const sales = asset("sales", { run: () => [] });\n';
    return loading({ "assets/a.ts": file, "assets/b.ts": file });
  },
  "graph/unknown-upstream": (at) => at.failure([sales, asset("report", { deps: ["sale"], run: () => {} })]),
  "graph/storage-collision": (at) => at.failure([sales, asset("Sales", { run: () => [{ id: 1 }] })]),
  "graph/nothing-to-load": async (at) => {
    const vacuum = wrongly("vacuum", { run: () => {} });
    await at.run([vacuum]);
    return at.failure([wrongly("report", { inputs: { vacuum }, run: () => [] })]);
  },
  "selection/invalid": () => thrownBy(() => selectAssets("sales and group:", [])),
  "partition/unknown": (at) => at.failure([asset("daily", { partitions: days, run: () => [{ day: "2026-01-01" }] })], { partition: "2026-02-30" }),
  "partition/mismatch": (at) => {
    const regions = asset("by_region", { partitions: staticPartitions(["eu", "us"], { column: "region" }), run: () => [{ region: "eu" }] });
    return at.failure([wrongly("daily", { partitions: days, inputs: { regions }, run: () => [] })], { partition: "2026-01-01" });
  },
  "partition/missing-column": (at) => {
    const days = dailyPartitions({ start: "2026-01-01", end: "2026-02-01" });
    return at.failure([asset("daily", { partitions: days, run: () => [{ n: 1 }] })], { partition: "2026-01-01" });
  },
  "io/not-found": (at) => at.failure([total]),
  "io/unsupported-value": (at) => at.failure([asset("sales", { run: () => [{ amount: 12 }, { amount: "unknown" }] as never })]),
  "io/inexact-value": async (at) => {
    const numbers = asset("numbers", { run: () => sql<{ n: number }>`select 9007199254740993 as n` });
    await at.run([numbers]);
    return at.failure([asset("copy", { inputs: { numbers: numbers.as(rows()) }, run: ({ numbers }) => [...numbers] })]);
  },
  "io/unknown-columns": (at) => at.failure([wrongly("sales", { run: () => [] })]),
  "io/rows-outside-partition": (at) =>
    at.failure([asset("daily", { partitions: days, run: () => [{ day: "2026-01-01" }, { day: "2026-01-02" }] })], { partition: "2026-01-01" }),
  "io/schema-mismatch": async (at) => {
    const spec = { write: "append", schemaChange: "error" } as const;
    await at.run([asset("sales", { ...spec, run: () => [{ id: 1 }] })]);
    return at.failure([asset("sales", { ...spec, run: () => [{ id: 2, owner: "Ada" }] })]);
  },
  "io/duplicate-key": (at) =>
    at.failure([
      asset("owners", {
        write: { upsert: ["id"] },
        run: () => [
          { id: 1, name: "Ada" },
          { id: 1, name: "Bo" },
        ],
      }),
    ]),
  "io/conflict": async (at) => {
    const shop = { open: duckdbResource({ database: path.join(at.folder, "shop.duckdb") }) };
    const signal = new AbortController().signal;
    const view = shop.open as unknown as {
      open: (context: object) => Promise<{ run: (text: string) => Promise<void> }>;
      close: (opened: unknown) => unknown;
    };
    const connection = await view.open({ signal, log: () => {} });
    await connection.run("create schema public; create view public.sales as select 1 as id");
    await view.close(connection);
    return at.failure([sales]);
  },
  "io/ambiguous": (at) => {
    writeFileSync(path.join(at.folder, "rates.json"), '{ "EUR": 1.08 }');
    writeFileSync(path.join(at.folder, "rates.bin"), "EUR 1.07");
    const rates = source("rates");
    return at.failure([wrongly("report", { inputs: { rates }, run: () => [] })], { bindings: { ioManager: filesystem({ baseDir: at.folder }) } });
  },
  "io/locked": async (at) => {
    const file = path.join(at.folder, "shop.duckdb");
    const bindings = import.meta.resolve("@duckdb/node-bindings");
    const script = `import native from ${JSON.stringify(bindings)}; await native.open(${JSON.stringify(file)}); console.log("holding"); process.stdin.resume(); process.stdin.on("end", () => process.exit());`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await Promise.race([once(holder.stdout, "data"), once(holder, "exit").then(() => Promise.reject(new Error("The holder ended.")))]);
      const info = await at.failure([sales]);
      const plain = (text: string) => text.replaceAll(String(holder.pid), "4711");
      return { ...info, message: plain(info.message), hint: plain(info.hint ?? "") };
    } finally {
      holder.stdin.end();
      if (holder.exitCode === null) await once(holder, "close");
    }
  },
  "io/permission": (at) =>
    at.failure([sales], { bindings: { protected: true, ioManager: duckdb({ database: path.join(at.folder, "prod.duckdb") }) } }),
  "io/sdk-missing": () =>
    thrownBy(() =>
      loadPolars((name) => {
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
      }),
    ),
  "io/unavailable": (at) => {
    const broken: AnyIOManager = {
      handleOutput: () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.7:5432")),
      loadInput: () => Promise.reject(new Error("never asked")),
    };
    return at.failure([sales], { bindings: { ioManager: broken } });
  },
  "sql/failed": async (at) => {
    await at.run([sales]);
    return at.failure([asset("report", { inputs: { sales: sales.as(sql) }, run: ({ sales }) => sql`select colour from ${sales}` })]);
  },
  "sql/foreign-store": (at) => {
    const elsewhere: AnyIOManager = {
      handleOutput: async () => ({ place: "snowflake:shop", rows: 1 }),
      loadInput: async () => ({
        ...sql`select 1`,
        nodes: [{ type: "relation", relation: { store: "snowflake:shop", table: ["public", "sales"], key: "sales" } }],
      }),
    };
    const key = ioManagerKey()("snowflake");
    const sales = asset("sales", { ioManager: key, run: () => [{ id: 1 }] });
    const report = asset("report", { inputs: { sales: sales.as(sql) }, run: ({ sales }) => sql`select id from ${sales}` });
    return at.failure([sales, report], { keys: [key], bindings: { ...inDuckdb(at.folder), snowflake: elsewhere } });
  },
  "load/failed": () => loading({ "assets/sales.ts": 'import { asset } from "sluice";\n\nexport const sales = asset("sales", { run: () => [ });\n' }),
  "run/failed": (at) =>
    at.failure([
      wrongly("sales", {
        run: () => {
          throw new TypeError("The exchange rate of EUR is not there.");
        },
      }),
    ]),
  "run/no-value": async (at) => {
    const sales = wrongly("sales", { run: () => {} });
    return at.failure([sales, wrongly("total", { inputs: { sales }, run: () => [] })]);
  },
  "run/invalid-row": (at) =>
    at.failure([
      asset("sales", {
        rowSchema: z.object({ id: z.number(), amount: z.number() }),
        run: () =>
          [
            { id: 1, amount: 2 },
            { id: 2, amount: "3" },
          ] as never,
      }),
    ]),
  "run/timeout": (at) => at.failure([wrongly("sales", { timeout: 50, run: () => new Promise(() => {}) })]),
  "run/cancelled": () => {
    const controller = new AbortController();
    const run = () => {
      controller.abort();
      return new Promise(() => {});
    };
    return thrownBy(() => materializeToMemory([wrongly("sales", { run })], { signal: controller.signal }));
  },
  "check/failed": (at) => {
    const sales = asset("sales", { run: () => [{ amount: -5 }] });
    const run = (found: readonly { readonly amount: number }[]) => {
      const wrong = found.filter(({ amount }) => amount <= 0).length;
      return { passed: wrong === 0, description: `${wrong} of ${found.length} are not above 0` };
    };
    assetCheck(sales, { name: "positive", blocking: true, run });
    return at.failure([sales]);
  },
  "runner/crashed": (at) => {
    const folder = path.join(at.folder, ".sluice");
    const gone = openHistory(folder, { processId: "the one that ended" });
    gone.append([
      { type: "run-queued", runId: "r", at: Date.now(), target: "local", selection: "*", plan: [{ step: "sales", assets: ["sales"], after: [] }] },
    ]);
    gone.append([{ type: "run-started", runId: "r", at: Date.now() }]);
    gone.flush();
    const reader = openHistory(folder, { isAlive: () => false });
    reader.runs(1);
    const last = reader.events("r").at(-1);
    reader.close();
    gone.close();
    return last?.type === "run-failed" && last.error ? last.error : { code: "run/failed", message: "The run was not closed." };
  },
};

test.each(Object.entries(cases))("%s says what its section shows", async (code, find) => {
  const folder = path.join(root, code.replace("/", "-"));
  mkdirSync(folder);
  const { stack: _, place, ...found } = await find(placeOf(folder));
  const ours = place?.file === import.meta.filename;
  const text = thrownText(fromErrorInfo({ ...found, ...(place && !ours ? { place } : {}) }), processTerminal({ NO_COLOR: "1" }), root);
  const shown = text.replaceAll(folder, "/home/ada/shop").replaceAll(root, "/home/ada/shop").replace(staging, "");
  expect(found.code).toBe(code);
  expect(shown).toBe(examples.get(code));
});

test("every code is there", () => {
  expect([...examples.keys()]).toEqual([...errorCodes]);
});
