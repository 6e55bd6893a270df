import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Four assets in about 45 lines, as in a real project: plain code around them, inputs by name, by namespace and through a barrel, and a key. */
function assetFile(index: number, files: number): string {
  const own = (offset: number) => (index - offset + files) % files;
  const upstream = index === 0 ? [] : [own(1), own(7), own(13)].filter((other) => other < index);
  const [first, second, third] = upstream;
  const folder = (other: number) => (Math.floor(other / 20) === Math.floor(index / 20) ? "." : `../group${Math.floor(other / 20)}`);
  const imports = [
    first === undefined ? "" : `import { clean${first} } from "${folder(first)}/file${first}.ts";`,
    second === undefined ? "" : `import * as other from "${folder(second)}/file${second}.ts";`,
    third === undefined ? "" : `import { raw${third} as older } from "${folder(third)}/index.ts";`,
  ].filter((line) => line !== "");
  return `import { asset, assets, output, readCsv, rows, sql } from "sluice";
${imports.join("\n")}

interface Sale {
  readonly id: number;
  readonly owner: string;
  readonly amount: number | null;
  readonly at: Date;
}

/** Rounds to cents. */
function cents(value: number | null): number {
  if (value === null) return 0;
  const rounded = Math.round(value * 100);
  return Number.isFinite(rounded) ? rounded / 100 : 0;
}

const limits = { low: 10, high: 1000, label: "limit ${index}" };

export const raw${index} = asset("group${Math.floor(index / 20)}/raw_${index}", {
  group: "group${Math.floor(index / 20)}",
  description: "Sales as they come, file ${index}",
  run: () => readCsv<Sale>("data/raw_${index}.csv"),
});

export const clean${index} = asset("clean_${index}", {
  inputs: { raw: raw${index}.as(rows())${first === undefined ? "" : `, clean${first}`}${second === undefined ? "" : `, other: other.clean${second}`}${third === undefined ? "" : ", older"} },
  run: ({ raw }) => raw.map((sale) => ({ ...sale, amount: cents(sale.amount), large: (sale.amount ?? 0) > limits.high })),
});

export const split${index} = assets("split_${index}", {
  inputs: { clean: clean${index}.as(rows()) },
  deps: [${index < 3 ? "" : `"clean_${index - 3}"`}],
  outputs: { good: output(), bad: output({ group: "rejected" }) },
  run: ({ clean }) => {
    const good = clean.filter((sale) => sale.amount >= limits.low);
    const bad = clean.filter((sale) => sale.amount < limits.low).map(({ id }) => ({ id, why: limits.label }));
    return { good, bad };
  },
});

export const query = sql\`select owner, sum(amount) as amount from sales group by owner\`;
`;
}

const config = `import { defineConfig } from "sluice";

export default defineConfig({
  assets: ["assets/**/*.ts"],
  targets: { local: {} },
  defaultTarget: "local",
});
`;

/** Writes a project of so many asset files, twenty to a folder, with a barrel in each folder. Four assets per file. */
export function writeWorkspace(root: string, files: number): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "sluice.config.ts"), config);
  writeFileSync(join(root, "tsconfig.json"), "{}\n");
  for (let start = 0; start < files; start += 20) {
    const folder = join(root, "assets", `group${start / 20}`);
    mkdirSync(folder, { recursive: true });
    const names = Array.from({ length: Math.min(20, files - start) }, (_, offset) => start + offset);
    for (const index of names) writeFileSync(join(folder, `file${index}.ts`), assetFile(index, files));
    writeFileSync(join(folder, "index.ts"), names.map((index) => `export { raw${index}, clean${index} } from "./file${index}.ts";\n`).join(""));
  }
}
