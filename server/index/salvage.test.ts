import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../testing/random.ts";
import type { AssetFact, FileFacts } from "./facts.ts";
import { parseFacts } from "./parse.ts";

/** Eight assets as people write them, with other code between. */
const file = `import { asset, assets, output, readCsv, rows, sql } from "sluice";
import { customers } from "./customers.ts";
import * as lookups from "../lookups/index.ts";

interface Sale {
  readonly owner: string;
  readonly amount: number | null;
}

export const rawSales = asset("raw_sales", {
  group: "sales",
  run: () => readCsv<Sale>("data/raw_sales.csv"),
});

export const cleanSales = asset("clean_sales", {
  inputs: { rawSales: rawSales.as(rows()), customers },
  run: ({ rawSales, customers }) => {
    const known = new Set(customers.map(({ name }) => name));
    return rawSales.filter((sale) => known.has(sale.owner)).map((sale) => ({ ...sale, amount: sale.amount ?? 0 }));
  },
});

/** How much counts as large. */
const limit = 1000;

export const largeSales = asset("large_sales", {
  inputs: { cleanSales: cleanSales.as(sql), regions: lookups.regions },
  deps: ["legacy/limits"],
  run: ({ cleanSales, regions }) => sql\`
    select s.*, r.name as region
    from \${cleanSales} s join \${regions} r on r.owner = s.owner
    where amount > \${limit}
  \`,
});

function label(sale: Sale): string {
  return \`\${sale.owner}: \${sale.amount ?? "nothing"}\`;
}

export const labels = asset("labels", {
  inputs: { cleanSales },
  run: ({ cleanSales }) => cleanSales.map((sale) => ({ text: label(sale), even: /[02468]$/.test(String(sale.amount)) })),
});

export const split = assets("split", {
  inputs: { largeSales: largeSales.as(rows()) },
  outputs: { good: output(), bad: output({ group: "rejected" }) },
  run: ({ largeSales }) => ({ good: largeSales, bad: [] }),
});

export const audit = asset("audit", {
  inputs: { bad: split.bad, labels },
  deps: [rawSales, "legacy/audit"],
  run: async ({ bad, labels }) => {
    if (bad.length > 0) throw new Error("There are bad sales: " + labels.length);
  },
});

export const summary = asset("sales_summary", {
  description: "By owner",
  inputs: { cleanSales: cleanSales.as(sql) },
  run: ({ cleanSales }) => sql\`select owner, sum(amount) as amount from \${cleanSales} group by owner\`,
});
`;

const good = parseFacts("/project/sales.ts", file);

interface Damage {
  readonly text: string;
  /** What was replaced in the original. */
  readonly start: number;
  readonly end: number;
}
const replaced = (start: number, end: number, piece: string): Damage => ({ text: file.slice(0, start) + piece + file.slice(end), start, end });
const lineEnd = (offset: number) => file.indexOf("\n", offset);
const halfTyped = [
  "export const next = asset(",
  "const x = rawSales.",
  "if (limit > ",
  'export const next = asset("next", { inputs: { ',
  "import { ",
  "sql`select ",
  "foo(bar, [1, ",
];
const betweens = [...file.matchAll(/^\}\);\n/gm)].map(({ index, 0: text }) => index + text.length);
const bodies = [...file.matchAll(/run: [^\n]*(=> \{|=> )/g)].map(({ index, 0: text }) => index + text.length);

const kinds: Readonly<Record<string, (random: Random) => Damage>> = {
  "one character deleted": (random) => {
    const at = random.below(file.length - 1);
    return replaced(at, at + 1, "");
  },
  "one bracket, quote or dot inserted": (random) => {
    const at = random.below(file.length);
    return replaced(at, at, random.pick(["(", ")", "[", "]", "{", "}", '"', "'", "`", "<", "."]));
  },
  "rest of a line deleted": (random) => {
    const at = random.below(file.length - 1);
    return replaced(at, lineEnd(at), "");
  },
  "a half-typed statement between assets": (random) => {
    const at = random.pick(betweens);
    return replaced(at, at, `\n${random.pick(halfTyped)}\n`);
  },
  "half-typed text in a body": (random) => {
    const at = random.pick(bodies);
    return replaced(at, at, ` ${random.pick(["foo(", "x.", "{ a: ", "`", "[1, ", '"', "(y) => {", "if ("])} `);
  },
};

/** What must survive: key, name and everything it names. */
const essence = ({ key, path, refs }: AssetFact) =>
  JSON.stringify([key, path, refs.map(({ input, chain, key: dependency }) => [input, chain, dependency])]);

/** Outputs are damaged by what happens anywhere in their definition. */
const split = { start: file.indexOf("export const split"), end: file.indexOf("export const audit") };
const isInSplit = (offset: number) => offset > split.start && offset < split.end;
const declarationStart = (offset: number) => (isInSplit(offset) ? split.start : offset);
const declarationEnd = (offset: number) => (isInSplit(offset) ? split.end : offset);

const importLine = file.indexOf("\n");
const trials = 200;

interface Recall {
  kept: number;
  all: number;
}
const share = ({ kept, all }: Recall) => kept / all;

/** Over all edits of all kinds, also those that leave a text without syntax errors, such as one without its import. */
const everything: Recall = { kept: 0, all: 0 };

describe.each(Object.entries(kinds))("%s", (_, damage) => {
  const random = createRandom(11);
  /** Over the edits that leave syntax errors; and over those behind the import line in a file that was never seen whole. */
  const halfTyped: Recall = { kept: 0, all: 0 };
  const neverWhole: Recall = { kept: 0, all: 0 };

  const count = (recall: Recall, undamaged: readonly AssetFact[], { assets }: FileFacts) => {
    const found = new Set(assets.map(essence));
    recall.all += undamaged.length;
    recall.kept += undamaged.filter((asset) => found.has(essence(asset))).length;
  };
  for (let trial = 0; trial < trials; trial++) {
    const { text, start, end } = damage(random);
    const undamaged = good.assets.filter(({ span }) => end < declarationStart(span[0]) || start > declarationEnd(span[1]));
    const facts = parseFacts("/project/sales.ts", text, good);
    count(everything, undamaged, facts);
    if (!facts.parses) count(halfTyped, undamaged, facts);
    if (start > importLine) count(neverWhole, undamaged, parseFacts("/project/sales.ts", text));
  }

  it("leaves all of them whole while the file has syntax errors", () => {
    expect(halfTyped.all).toBeGreaterThan(trials);
    expect(share(halfTyped)).toBe(1);
  });

  it("leaves 99 of 100 whole in a file that was never seen whole", () => {
    expect(neverWhole.all).toBeGreaterThan(trials * 5);
    expect(share(neverWhole)).toBeGreaterThanOrEqual(0.99);
  });
});

describe("one random edit of any kind", () => {
  it("leaves at least 99 of 100 other assets whole", () => {
    expect(everything.all).toBeGreaterThan(trials * 25);
    expect(share(everything)).toBeGreaterThanOrEqual(0.99);
  });
});

describe("a half-typed file", () => {
  const at = (text: string, name: string) => parseFacts("/project/sales.ts", text, good).assets.find(({ path }) => path?.join(".") === name);

  it("keeps the last good record of an asset that it lost, marked, where its declaration stands now", () => {
    const text = file.replace('export const labels = asset("labels", {', "\n\nexport const labels = ass");
    const labels = at(text, "labels");
    expect(labels).toMatchObject({ key: "labels", stale: true });
    expect(text.slice(labels!.nameSpan![0], labels!.nameSpan![1])).toBe("labels");
  });

  it("keeps the last good key of an asset whose key is being typed", () => {
    expect(at(file.replace('asset("labels", {', 'asset("lab, {'), "labels")).toMatchObject({ key: "labels", stale: true });
  });

  it("forgets an asset that is gone once it parses again", () => {
    const start = file.indexOf("export const labels");
    const text = file.slice(0, start) + file.slice(file.indexOf("export const split"));
    expect(at(text, "labels")).toBeUndefined();
  });

  it("takes no commented-out definition for one", () => {
    const text = `${file}\n/*\nexport const old = asset("old", {});\n*/\nexport const next = asset(`;
    expect(parseFacts("/project/sales.ts", text).assets.map(({ key }) => key)).not.toContain("old");
  });

  it("finds an asset defined on the spot again after the records were put together anew", () => {
    const inline = `import { asset } from "sluice";\nexport const a = asset("a", { inputs: { b: asset("b", {}) } });\nconst x = (;\n`;
    const { assets } = parseFacts("/project/inline.ts", inline);
    const a = assets.find(({ key }) => key === "a");
    expect(assets[a!.refs[0]!.inline!]?.key).toBe("b");
  });
});
