// `npm run bench [-- name… --quick]`: every benchmark of bench/, or those named, as tables of figures beside their targets. Fails on errors only.
import { readdirSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { root } from "../setup.mjs";

const known = readdirSync(join(root, "bench"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -3))
  .sort();
const names = process.argv.slice(2).filter((each) => each !== "--quick");
const quick = process.argv.includes("--quick");
for (const name of names.filter((each) => !known.includes(each))) {
  console.error(`There is no benchmark "${name}". There are ${known.join(", ")}.`);
  process.exit(1);
}

/** At least three digits, and all of those before the point. */
function shown(value) {
  const text = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return text.toLocaleString("en", { maximumFractionDigits: 6 });
}

function print(name, rows, load) {
  const columns = ["figure", "value", "", "target", "", ""];
  const lines = rows.map(({ name, value, unit, target, note = "" }) => [
    name,
    shown(value),
    unit,
    target === undefined ? "" : shown(target),
    target === undefined ? "" : value <= target ? "reached" : "MISSED",
    note,
  ]);
  const widths = columns.map((_, i) => Math.max(...[columns, ...lines].map((line) => line[i].length)));
  const right = [1, 3];
  const line = (cells) =>
    cells
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  console.log(`\n${name}${quick ? ", quick" : ""}  (load ${load} before, ${loadavg()[0].toFixed(1)} after)`);
  console.log(line(columns));
  for (const each of lines) console.log(line(each));
}

await build();
for (const name of names.length > 0 ? names : known) {
  const load = loadavg()[0].toFixed(1);
  try {
    const { run } = await import(join(root, "bench", `${name}.ts`));
    print(name, await run({ quick }), load);
  } catch (error) {
    console.error(`\n${name} failed:`, error);
    process.exitCode = 1;
  }
}
