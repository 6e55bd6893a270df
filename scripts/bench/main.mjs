// `npm run bench [name…]`: every benchmark of bench/, as figures beside their targets.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { root } from "../setup.mjs";

await build();
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "bench")).filter((name) => name.endsWith(".ts") && (wanted.length === 0 || wanted.includes(name.slice(0, -3))));
for (const file of files.sort()) {
  console.log(`\n${file.slice(0, -3)}`);
  const { run } = await import(join(root, "bench", file));
  for (const { name, value, unit, target } of await run()) {
    const reached = target === undefined ? "" : value <= target ? `  target ${target}` : `  target ${target}: MISSED`;
    console.log(`  ${name.padEnd(64)} ${Number(value.toPrecision(3)).toString().padStart(9)} ${unit}${reached}`);
  }
}
