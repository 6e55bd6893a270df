import { afterEach, expect, test } from "vitest";
import { openProject, type Project } from "./project.ts";
import { makeProject, nativeImport, stubConfig, stubPackage, type TestProject } from "./test-project.ts";

Error.prepareStackTrace = undefined as never; // the test runner's own would keep Node from mapping stacks to the sources
const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

function project(files: Readonly<Record<string, string>>): {
  readonly at: TestProject;
  readonly project: Project;
  readonly environment: Record<string, string | undefined>;
} {
  const at = makeProject({ ...stubPackage, "sluice.config.ts": stubConfig, ...files });
  const environment: Record<string, string | undefined> = {};
  const opened = openProject({ root: at.root, environment, importModule: nativeImport });
  open.push({ close: at.dispose }, opened);
  return { at, project: opened, environment };
}
const keys = (state: { readonly loaded?: { readonly assets: ReadonlyMap<string, unknown> } }) => [...(state.loaded?.assets.keys() ?? [])];
const run = async (state: Awaited<ReturnType<Project["refresh"]>>, key: string) => await state.loaded?.assets.get(key)?.step?.run({}, {});

test("ordinary TypeScript loads as it is written", async () => {
  const { project: opened } = project({
    "tsconfig.json": '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } } // comment',
    "lib/types.ts": "export interface Row { readonly a: number }\nexport const version = 3;\n",
    "lib/util/index.ts": "export const twice = (n: number): number => n * 2;\n",
    "lib/old.cts": "const answer: number = 42;\nexport = { answer };\n",
    "lib/plain.cjs": "exports.plain = 'cjs';\n",
    "lib/esm.js": "export const esm = 'js';\n",
    "lib/settings.json": '{ "limit": 7 }',
    "assets/everything.ts": `import { asset } from "sluice";
import { Row, version } from "../lib/types";
import { twice } from "@lib/util";
import old from "../lib/old.cjs";
import { plain } from "../lib/plain.cjs";
import { esm } from "../lib/esm";
import settings from "../lib/settings.json";
enum Color { Red = 1, Green }
namespace Inner { export const deep = "namespace"; }
import Alias = Inner.deep;
const log = (value: (this: Thing) => string, context: ClassMethodDecoratorContext) => function (this: Thing) { return String(context.name) + value.call(this); };
class Thing { constructor(private readonly name: string) {} @log greet(): string { return this.name; } }
const late = await Promise.resolve("awaited");
export const everything = asset("everything", { run: (): readonly Row[] | unknown => [version, twice(2), old.answer, plain, esm, settings.limit, Color.Green, Alias, new Thing("x").greet(), late] });
`,
    "assets/common.ts": 'const { asset } = require("sluice");\nmodule.exports = { common: asset("common", { run: () => "cjs in ts" }) };\n',
    "assets/lazy.ts":
      'import { asset } from "sluice";\nexport const lazy = asset("lazy", { run: async () => (await import("../lib/util")).twice(4) });\n',
  });
  const state = await opened.refresh();
  expect(state.errors).toEqual([]);
  expect(await run(state, "everything")).toEqual([3, 4, 42, "cjs", "js", 7, 2, "namespace", "greetx", "awaited"]);
  expect(await run(state, "common")).toBe("cjs in ts");
  expect(await run(state, "lazy")).toBe(8);
});

const asset = (key: string, body = "1", imports = "") =>
  `import { asset } from "sluice";\n${imports}\nexport const ${key} = asset("${key}", { run: () => ${body} });\n`;

test("an edit renews the modules that import it and no others", async () => {
  const { at, project: opened } = project({
    "lib/deep.ts": "export const depth = 1;\n",
    "lib/util.ts": 'import { depth } from "./deep";\nexport const twice = () => depth * 2;\n',
    "assets/a.ts": asset("a", "twice()", 'import { twice } from "../lib/util";'),
    "assets/b.ts": asset("b", "loaded", "const loaded = (globalThis.bLoads = (globalThis.bLoads ?? 0) + 1);"),
  });
  const first = await opened.refresh();
  expect(await run(first, "a")).toBe(2);
  expect(await opened.refresh()).toBe(first);
  at.write({ "lib/deep.ts": "export const depth = 21;\n" });
  const second = await opened.refresh();
  expect(await run(second, "a")).toBe(42);
  expect(await run(second, "b")).toBe(1);
  at.write({ "assets/c.ts": asset("c", "3") });
  at.remove("assets/b.ts");
  expect(keys(await opened.refresh())).toEqual(["a", "c"]);
});

test("a file that stops loading keeps its assets in the tree, marked, until it loads again", async () => {
  const { at, project: opened } = project({ "assets/a.ts": asset("a"), "assets/b.ts": asset("b") });
  await opened.refresh();
  at.write({ "assets/a.ts": 'import { asset } from "sluice";\n\nexport const a = asset("a", { run: () => 1 ;\n' });
  const broken = await opened.refresh();
  expect(keys(broken).sort()).toEqual(["a", "b"]);
  expect([...broken.broken.keys()]).toEqual(["a"]);
  expect(broken.errors).toMatchObject([
    { code: "load/failed", message: "',' expected.", place: { file: at.file("assets/a.ts"), line: 3, column: 44 } },
  ]);
  at.write({ "assets/a.ts": asset("a", "5") });
  const mended = await opened.refresh();
  expect(mended.errors).toEqual([]);
  expect(await run(mended, "a")).toBe(5);
});

test("a module that throws is reported on the line that threw, below its importer too, and tried again", async () => {
  const { at, project: opened } = project({
    "lib/fragile.ts":
      'import { readFileSync } from "node:fs";\n\ninterface Unused {\n  a: 1;\n}\nexport const text = readFileSync(new URL("./there.txt", import.meta.url), "utf8");\n',
    "assets/a.ts": asset("a", "text", 'import { text } from "../lib/fragile";'),
    "assets/b.ts": asset("b", "text", 'import { text } from "../lib/fragile";'),
    "assets/c.ts": asset("c"),
  });
  const broken = await opened.refresh();
  expect(keys(broken)).toEqual(["c"]);
  expect(broken.errors).toMatchObject([{ code: "load/failed", place: { file: at.file("lib/fragile.ts"), line: 6, column: 21 } }]);
  expect(broken.errors[0]?.message).toContain("lib/fragile.ts threw while it was loaded: Error: ENOENT");
  at.write({ "lib/there.txt": "now" });
  const mended = await opened.refresh();
  expect(mended.errors).toEqual([]);
  expect(await run(mended, "b")).toBe("now");
});

test.each([
  ["a module that is not there", 'import { x } from "./nope";', /imports "\.\/nope", which is not there/, 2, 19],
  ["a package that is not installed", 'import x from "lodash-of-nobody";', /imports "lodash-of-nobody", which is not installed/, 2, 15],
  [
    "a name that is not exported",
    'import { version, vrsion } from "../lib/names";\nvrsion;',
    /imports "vrsion" from "\.\.\/lib\/names", which exports no such name/,
    2,
    19,
  ],
])("%s is reported at the import", async (_, imports, message, line, column) => {
  const { at, project: opened } = project({
    "lib/names.ts": "export const version = 1;\n",
    "assets/a.ts": asset(
      "a",
      "x",
      `${imports}\nvoid x;`.replace("void x;", imports.includes("x }") || imports.includes("import x") ? "void x;" : ""),
    ),
  });
  const { errors } = await opened.refresh();
  expect(errors).toMatchObject([{ code: "load/failed", place: { file: at.file("assets/a.ts"), line, column } }]);
  expect(errors[0]?.message).toMatch(message);
});

test("asset modules that need each other too early are a cycle, with the way the imports go", async () => {
  const { at, project: opened } = project({
    "assets/a.ts": `import { asset } from "sluice";\nimport { b } from "./b";\nexport const a = asset("a", { inputs: { b }, run: () => 1 });\n`,
    "assets/b.ts": `import { asset } from "sluice";\nimport { a } from "./a";\nexport const b = asset("b", { inputs: { a }, run: () => 1 });\n`,
  });
  const { errors } = await opened.refresh();
  expect(errors).toMatchObject([{ code: "graph/cycle", place: { file: at.file("assets/b.ts"), line: 3 } }]);
  expect(errors[0]?.message).toContain("assets/b.ts imports assets/a.ts imports assets/b.ts");
});

test("a key that is defined twice is an error at both places", async () => {
  const { at, project: opened } = project({ "assets/a.ts": asset("same"), "assets/b.ts": `\n${asset("same")}` });
  const state = await opened.refresh();
  expect(state.errors.map(({ code, place }) => [code, place?.file, place?.line])).toEqual([
    ["graph/duplicate-key", at.file("assets/a.ts"), 3],
    ["graph/duplicate-key", at.file("assets/b.ts"), 4],
  ]);
  expect(state.errors[0]?.message).toContain("assets/b.ts:4");
});

test("exports may be assets, lists, results of assets() and objects of these; tests and declarations are no asset files", async () => {
  const { project: opened } = project({
    "assets/all.ts": `import { asset, assets, output } from "sluice";
export const list = ["x", "y"].map((key) => asset(key, { run: () => key }));
export const both = assets("pair", { outputs: { one: output(), two: output() }, run: () => ({}) });
export const nested = { deep: { z: asset("z", { run: () => 1 }) }, helper: () => 1 };
export const again = nested.deep.z;
export default asset("main", { run: () => 1 });
`,
    "assets/all.test.ts": "throw new Error('a test is not to be imported');",
    "assets/types.d.ts": "declare const x: 1;",
    "assets/readme.md": "# no module",
  });
  const state = await opened.refresh();
  expect(state.errors).toEqual([]);
  expect(keys(state).sort()).toEqual(["main", "pair/one", "pair/two", "x", "y", "z"]);
});

test("a config that breaks leaves the last good project, with the error on its file", async () => {
  const { at, project: opened } = project({ "assets/a.ts": asset("a") });
  const first = await opened.refresh();
  at.write({ "sluice.config.ts": "export default {" });
  const broken = await opened.refresh();
  expect(broken.configError).toMatchObject({ code: "config/invalid", place: { file: at.file("sluice.config.ts"), line: 1 } });
  expect(broken.loaded?.config).toBe(first.loaded?.config);
  expect(keys(broken)).toEqual(["a"]);
  at.write({ "sluice.config.ts": "export default { assets: [] };" });
  expect((await opened.refresh()).configError?.message).toContain("does not export a config");
  at.write({ "sluice.config.ts": stubConfig });
  expect((await opened.refresh()).configError).toBeUndefined();
});

test("real variables win over .env, which is read again after it changed", async () => {
  const {
    at,
    project: opened,
    environment,
  } = project({
    ".env": "A=file\nB='with spaces'\n# comment\n",
    "assets/a.ts": asset("a"),
  });
  environment["A"] = "real";
  opened.close();
  const again = openProject({ root: at.root, environment, importModule: nativeImport });
  open.push(again);
  await again.refresh();
  expect(environment).toMatchObject({ A: "real", B: "with spaces" });
  at.write({ ".env": "C=3\n" });
  await again.refresh();
  expect(environment).toEqual({ A: "real", C: "3" });
});
