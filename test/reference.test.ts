import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const sources = join(root, "runtime/src");
const read = (...path: readonly string[]) => readFileSync(join(...path), "utf8");
const filesIn = (folder: string, end: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(end));

it("every test that the page on Dagster's tests names is one of the file that it names", () => {
  const suite = filesIn(join(sources, "testing"), ".ts")
    .filter((name) => !name.endsWith(".test.ts"))
    .map((name) => read(sources, "testing", name))
    .join("\n");
  const rows = read(root, "docs/dagster-tests.md").matchAll(/^\| (?!-|Dagster |case )(.+?) +\| (.+?) +\|$/gm);
  const named: string[] = [];
  const wrong: string[] = [];
  for (const [, what = "", ours = ""] of rows) {
    let where = "";
    let text: string | undefined;
    for (const part of ours.split("; ")) {
      const [, file, inFile] = /`([\w/.-]+\.test\.ts)`(?:, the other way round)?: (.+)$/.exec(part) ?? [];
      const inSuite = /^suite: (.+)$/.exec(part)?.[1];
      if (file) [where, text] = [file, read(sources, file)];
      if (inSuite) [where, text] = ["suite", suite];
      const name = inFile ?? inSuite ?? (text === undefined ? undefined : part);
      if (name === undefined) continue;
      named.push(name);
      if (!text?.replaceAll('\\"', '"').includes(name)) wrong.push(`${where}: ${name}`);
    }
    if (text === undefined && !/^(does not apply|not yet)\b.*[:;] ?\S|^not yet$/.test(ours))
      wrong.push(`${what}: names no test, and does not say why`);
  }
  expect(named.length).toBeGreaterThan(60);
  expect(wrong).toEqual([]);
});

/** Names that an entry point gives to those who import it. */
const exportsOf = (entry: string) => {
  const text = read(sources, `${entry}.ts`);
  const lists = Array.from(text.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, list = ""]) => list.split(","));
  const names = lists.flat().map((name) => name.replace(/\btype\b/, "").trim());
  return [...names, ...Array.from(text.matchAll(/^export const (\w+)/gm), ([, name = ""]) => name)].filter(Boolean);
};

it.each(["index", "duckdb", "polars", "testing"])("every name that %s exports is explained", (entry) => {
  const listed = read(root, "docs/reference/exports.md");
  const names = exportsOf(entry);
  expect(names.length).toBeGreaterThan(1);
  expect(names.filter((name) => !listed.includes(`\`${name}\``))).toEqual([]);
});

it("the page on exports names nothing that is not exported", () => {
  const all = new Set(["index", "duckdb", "polars", "testing"].flatMap(exportsOf));
  const first = Array.from(read(root, "docs/reference/exports.md").matchAll(/^\| (`.+?) +\| /gm), ([, cell = ""]) => cell);
  const listed = first.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, name = ""]) => name));
  expect(listed.length).toBeGreaterThan(100);
  expect(listed.filter((name) => !all.has(name))).toEqual([]);
});
