// The three assets of examples/sales from a cold process, through DuckDB: the command line as it is installed, and the same pipeline in Dagster
// where SLUICE_BENCH_PYTHON names a Python that has dagster and dagster-duckdb-pandas.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openDatabase } from "../runtime/src/duckdb/database.ts";
import { rowsOf } from "../runtime/src/duckdb/query.ts";
import { type BenchOptions, type Figure, leastOf, medianOf, type Spent, wallFigure } from "./support/figures.ts";

const root = join(import.meta.dirname, "..");

/** Runs a process to its end, with its processor time where there is a shell that tells. Throws with what it printed when it failed. */
async function once(command: readonly string[], folder: string): Promise<Spent> {
  const posix = process.platform !== "win32";
  const [program = "", ...args] = posix ? ["sh", "-c", '"$@"; code=$?; times >&2; exit $code', "sh", ...command] : command;
  const began = performance.now();
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise((resolve) => child.once("close", resolve))]);
  const wall = performance.now() - began;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}.\n${out}${err}`);
  const [children = ""] = err.trimEnd().split("\n").slice(-1);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { wall, cpu: posix ? seconds * 1000 : Number.NaN };
}

const config = `import { defineConfig } from "sluice";
import { duckdb } from "sluice/duckdb";

export default defineConfig({
  assets: ["assets/**/*.ts"],
  targets: { local: { ioManager: duckdb({ database: "data/sales.duckdb", schema: "public" }) } },
  defaultTarget: "local",
});
`;

/** A project of its own that has the built package installed. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-sales-"));
  for (const part of ["assets/sales.ts", "data/raw_sales.csv", "package.json", "tsconfig.json"]) {
    cpSync(join(root, "examples/sales", part), join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, "sluice.config.ts"), config);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "runtime"), join(folder, "node_modules/sluice"), "junction");
  return folder;
}

/** What the pipeline made, to hold one run against the other. */
async function summary(file: string): Promise<string> {
  const database = openDatabase(file);
  try {
    const rows = await database.lease((connection) =>
      rowsOf(connection, "SELECT owner, sales::INT AS sales, round(amount::DOUBLE, 2) AS amount FROM public.sales_summary ORDER BY owner"),
    );
    return JSON.stringify(rows);
  } finally {
    await database.release();
  }
}

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const python = process.env["SLUICE_BENCH_PYTHON"];
  const folder = project();
  const file = join(folder, "data/sales.duckdb");
  const forget = (...parts: readonly string[]) => {
    for (const part of parts) rmSync(join(folder, part), { recursive: true, force: true });
  };
  const sluice = [process.execPath, join(root, "runtime/bin/sluice.mjs"), "materialize"];
  const dagster = python === undefined ? undefined : [python, join(import.meta.dirname, "support/dagster_sales.py")];
  const taken = { node: [] as Spent[], first: [] as Spent[], fresh: [] as Spent[], again: [] as Spent[], dagster: [] as Spent[] };
  try {
    // The first round fills the disk's cache.
    for (let round = 0; round <= (quick ? 3 : 9); round++) {
      const node = await once([process.execPath, "-e", "0"], folder);
      forget("data/sales.duckdb", ".sluice");
      const first = await once(sluice, folder);
      // What was transpiled stays, as Python keeps what it compiled.
      forget("data/sales.duckdb", ...["", "-wal", "-shm"].map((end) => `.sluice/history.db${end}`));
      const fresh = await once(sluice, folder);
      const made = await summary(file);
      const again = await once(sluice, folder);
      if (round > 0) {
        taken.node.push(node);
        taken.first.push(first);
        taken.fresh.push(fresh);
        taken.again.push(again);
      }
      if (!dagster) continue;
      forget("data/sales.duckdb");
      const other = await once(dagster, folder);
      if ((await summary(file)) !== made) throw new Error("Dagster's summary is another one.");
      if (round > 0) taken.dagster.push(other);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const figures = [
    wallFigure("an empty Node process", medianOf(taken.node)),
    wallFigure("sluice materialize, three assets, for the first time", medianOf(taken.first)),
    wallFigure("the same with nothing stored, but transpiled before", medianOf(taken.fresh)),
    wallFigure("the same once more", medianOf(taken.again)),
  ];
  if (!dagster) return [...figures, { name: "Dagster's materialize() of the same: SLUICE_BENCH_PYTHON is not set", value: Number.NaN, unit: "" }];
  const [ours, theirs] = [leastOf(taken.fresh), leastOf(taken.dagster)];
  return [
    ...figures,
    wallFigure("Dagster's materialize() of the same", medianOf(taken.dagster)),
    {
      name: "sluice against Dagster, least CPU",
      value: ours.cpu / theirs.cpu,
      unit: "x",
      target: 0.1,
      note: `${(theirs.cpu / ours.cpu).toPrecision(3)} times faster`,
    },
    {
      name: "sluice against Dagster, least wall",
      value: ours.wall / theirs.wall,
      unit: "x",
      target: 0.1,
      note: `${(theirs.wall / ours.wall).toPrecision(3)} times faster`,
    },
  ];
}
