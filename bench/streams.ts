// Memory while a stream is stored: the peak of a process of its own, for so many rows and for ten times as many.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { BenchOptions, Figure } from "./support/figures.ts";

const child = join(import.meta.dirname, "support/stream-child.ts");
const paths = [
  "a generator into DuckDB",
  "a generator into Parquet",
  "readCsv into DuckDB",
  "readCsv into Parquet",
  "DuckDB into DuckDB",
  "DuckDB into Parquet",
  "Parquet into DuckDB",
];

/** Mebibytes that a process took at its peak. */
async function peakOf(path: string, rows: number, folder: string): Promise<number> {
  const started = spawn(process.execPath, [child, path, String(rows), folder], { stdio: ["ignore", "pipe", "inherit"] });
  const [answer, code] = await Promise.all([text(started.stdout), new Promise((resolve) => started.once("close", resolve))]);
  if (code !== 0) throw new Error(`${path} of ${rows} rows ended with ${code}.`);
  return (JSON.parse(answer) as { readonly peak: number }).peak;
}

async function writeCsv(file: string, rows: number): Promise<void> {
  function* lines() {
    yield "id,x\n";
    for (let from = 0; from < rows; from += 10_000) {
      let part = "";
      for (let i = from; i < Math.min(rows, from + 10_000); i++) part += `${i},${i / 4}\n`;
      yield part;
    }
  }
  await pipeline(lines, createWriteStream(file));
}

export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const few = quick ? 4_000_000 : 5_000_000;
  const many = quick ? 16_000_000 : 50_000_000;
  const folders = { few: mkdtempSync(join(tmpdir(), "sluice-bench-stream-")), many: mkdtempSync(join(tmpdir(), "sluice-bench-stream-")) };
  const figures: Figure[] = [];
  try {
    for (const [folder, rows] of [[folders.few, few] as const, [folders.many, many] as const]) {
      await writeCsv(join(folder, `${rows}.csv`), rows);
      await peakOf("prepare", rows, folder);
    }
    for (const path of paths) {
      const small = await peakOf(path, few, folders.few);
      const large = await peakOf(path, many, folders.many);
      figures.push({
        name: `${path}, ${many / 1e6}e6 rows against ${few / 1e6}e6`,
        value: large / small,
        unit: "x",
        target: 1.2,
        note: `${small.toFixed(0)} and ${large.toFixed(0)} MiB`,
      });
    }
    return figures;
  } finally {
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
  }
}
