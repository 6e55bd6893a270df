import { afterEach, expect, test } from "vitest";
import { openProject, type Project } from "./project.ts";
import { makeProject, nativeImport, stubConfig, stubPackage, type TestProject } from "./test-project.ts";

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
