// Writes data/raw_sales.csv: the same 500 sales on every machine.
import { mkdirSync, writeFileSync } from "node:fs";

const owners = ["Ada", "Bo", "Chidi", "Dagny", "Eun-ji", "Farah", "Gus", "Hana"];
let seed = 20261122;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const lines = ["id,date,owner,amount"];
for (let id = 1; id <= 500; id++) {
  const date = new Date(Date.UTC(2026, 0, 1 + Math.floor(random() * 90))).toISOString().slice(0, 10);
  const owner = owners[Math.floor(random() ** 1.4 * owners.length)];
  // One sale in twelve has no amount yet.
  const amount = random() < 1 / 12 ? "" : (5 + random() ** 3 * 1995).toFixed(2);
  lines.push(`${id},${date},${owner},${amount}`);
}
mkdirSync(new URL("../data/", import.meta.url), { recursive: true });
writeFileSync(new URL("../data/raw_sales.csv", import.meta.url), `${lines.join("\n")}\n`);
