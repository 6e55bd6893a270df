import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const here = import.meta.dirname;
const root = resolve(here, "../..");
const compilers = { "5.9": "typescript-5.9", "6": "typescript", "7": "typescript-7" } as const;
type Compiler = keyof typeof compilers;

/** What users have: declarations, which take a compiler a fraction of the time that the sources take. */
const folder = mkdtempSync(join(tmpdir(), "sluice-types-"));
const declarations = join(folder, "declarations");
beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  const emit = { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: join(root, "runtime/src"), outDir: declarations };
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: { ...emit, typeRoots: [join(root, "node_modules/@types")] },
    files: [join(root, "runtime/src/index.ts"), join(root, "runtime/src/duckdb.ts"), join(root, "runtime/src/polars.ts")],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  await compile("7", folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler prints about a project. */
function compile(compiler: Compiler, project: string, ...more: readonly string[]): Promise<string> {
  const tsc = join(root, "node_modules", compilers[compiler], "bin/tsc");
  return new Promise((done, failed) => {
    execFile(process.execPath, [tsc, "-p", project, "--pretty", "false", ...more], { cwd: project, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") failed(error);
      else if (stdout === "" && stderr !== "") failed(new Error(stderr));
      else done(stdout);
    });
  });
}

/** A project of these files, which import "sluice". */
function projectOf(files: Readonly<Record<string, string>>): string {
  const project = mkdtempSync(join(folder, "project-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      paths: {
        sluice: [join(declarations, "index.d.ts")],
        "sluice/duckdb": [join(declarations, "duckdb.d.ts")],
        "sluice/polars": [join(declarations, "polars.d.ts")],
      },
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["*.ts"],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  return project;
}
const file = (name: string): string => readFileSync(join(here, name), "utf8");

/** Errors with their further lines. */
const errorsOf = (output: string): readonly string[] => output.split(/\n(?=\S)/).filter((block) => / error TS\d+: /.test(block.split("\n")[0]!));

const negative = file("negative.test-d.ts");
/** A misuse by its number and title. */
const misuses = [...negative.matchAll(/^\/\/ (\d\d) (.+)$/gm)].map(([, number, title]) => ({ number: number!, title: title! }));

/** The errors of the misuses when nothing expects them, by the misuse's number. */
async function sentences(compiler: Compiler): Promise<ReadonlyMap<string, string>> {
  const text = negative.replaceAll("// @ts-expect-error", "//");
  const lines = text.split("\n");
  const found = new Map<string, string>();
  for (const error of errorsOf(await compile(compiler, projectOf({ "assets.ts": text })))) {
    let line = Number(/assets\.ts\((\d+),/.exec(error)?.[1] ?? 0);
    while (line > 0 && !/^\/\/ \d\d /.test(lines[line - 1]!)) line--;
    const number = /^\/\/ (\d\d) /.exec(lines[line - 1] ?? "")?.[1];
    if (number) found.set(number, `${found.get(number) ?? ""}${error}\n`);
  }
  return found;
}

describe.each(Object.keys(compilers) as Compiler[])("TypeScript %s", { timeout: 300_000 }, (compiler) => {
  it("infers what the positive cases say, and refuses each negative case", async () => {
    const project = projectOf({ "positive.ts": file("positive.test-d.ts"), "negative.ts": negative, "page.ts": file("page.test-d.ts") });
    expect(errorsOf(await compile(compiler, project))).toEqual([]);
  });

  it("lets a project register what its default I/O manager takes", async () => {
    expect(errorsOf(await compile(compiler, projectOf({ "register.ts": file("register/register.test-d.ts") })))).toEqual([]);
  });

  it("says in a sentence what is wrong", async () => {
    const found = await sentences(compiler);
    expect([...found.keys()].sort()).toEqual(misuses.map(({ number }) => number).sort());
    const says = (number: string, text: string) => expect(found.get(number), `misuse ${number}`).toContain(text);
    says("01", "Did you mean 'amount'?");
    says("05", "the upstream asset's rows do not fit this row type");
    says("65", "the upstream asset's rows do not fit this row type");
    says("06", "the upstream asset's value is not a table: leave out .as()");
    says("09", "this asset returns nothing, so there is nothing to load: name it in deps");
    says("10", 'I/O manager \\"warehouse\\" cannot store what asset \\"n10\\" returns');
    says("12", 'asset \\"n12\\" returns undefined on some paths: return a value on every path, or nothing on all');
    says("13", 'asset \\"n13\\": column \\"f\\" holds what no I/O manager stores');
    says("14", 'asset \\"n14\\" returns an array of promises: await Promise.all(...)');
    says("15", "the upstream asset is partitioned and this one is not: say .all(), .latest() or .partition(key)");
    says("18", "the upstream asset has a dimension that this one lacks");
    says("26", 'asset \\"n26\\" returns rows that its rowSchema does not take');
    says("33", "Did you mean '\"prod\"'?");
    says("42", "Did you mean to write 'inputs'?");
    says("46", '\\"n46\\" declares no output \\"c\\"');
    says("48", "decimel(18,2)");
    says("54", "there is no partition to choose");
    says("58", "not assignable to type 'readonly");
    says("60", "Did you mean to write 'partition'?");
    says("64", 'asset \\"n64\\" has a rowSchema, which checks an array of rows, and returns something else');
  });
});

/** A chain of assets over all shapes, each of another kind. */
function chain(count: number): string {
  const lines = [
    'import { arrow, asset, rows, sql } from "sluice";',
    "interface Row { readonly id: number; readonly owner: string; readonly amount: number | null }",
    'export const a0 = asset("a0", { run: () => [] as Row[] });',
  ];
  for (let i = 1; i < count; i++) {
    const [name, upstream] = [`a${i}`, `a${i - 1}`];
    const specs = [
      `inputs: { up: ${upstream}.as(rows<Row>()) }, run: ({ up }) => up.map((row) => ({ ...row, amount: row.amount ?? 0 }))`,
      `inputs: { up: ${upstream}.as(sql) }, run: ({ up }) => sql<Row>\`select * from \${up}\``,
      `inputs: { up: ${upstream}.as(rows()) }, params: { limit: ${i} }, run: ({ up }, { params }) => up.filter((row) => row.id > params.limit)`,
      `inputs: { up: ${upstream}.as(arrow), first: a0 }, deps: [${upstream}], run: async ({ up, first }) => first.slice(0, up.numRows)`,
    ];
    lines.push(`export const ${name} = asset("${name}", { ${specs[i % specs.length]} });`);
  }
  return lines.join("\n");
}

it.each(["6", "7"] as const)(
  "TypeScript %s needs at most 700 instantiations per asset, however many there are",
  { timeout: 300_000 },
  async (compiler) => {
    const instantiations = async (count: number) => {
      const output = await compile(compiler, projectOf({ "assets.ts": chain(count) }), "--extendedDiagnostics");
      expect(errorsOf(output)).toEqual([]);
      return Number(/Instantiations:\s+(\d+)/.exec(output)?.[1]);
    };
    const [hundred, threeHundred] = [await instantiations(100), await instantiations(300)];
    const each = (threeHundred - hundred) / 200;
    expect(each).toBeGreaterThan(10);
    expect(each).toBeLessThan(700);
    // Compiling takes seconds with TypeScript 6, a fraction of one with 7: that one also shows that the first assets cost no less.
    if (compiler === "7") expect(each / ((hundred - (await instantiations(1))) / 99)).toBeLessThan(1.2);
  },
);
