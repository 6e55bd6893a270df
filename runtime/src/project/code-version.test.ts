import { afterEach, expect, test } from "vitest";
import { openProject } from "./project.ts";
import { makeProject, nativeImport, stubConfig, stubPackage } from "./test-project.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

const base = {
  ...stubPackage,
  "sluice.config.ts": stubConfig,
  "lib/deep.ts": "export const factor = 2;\nexport const unused = 1;\n",
  "lib/util.ts":
    'import { factor } from "./deep";\n/** Doubles. */\nexport const double = (n: number): number => n * factor;\nexport const other = () => 1;\n',
  "lib/all.ts": 'export * from "./util";\n',
  "assets/a.ts": `import { asset } from "sluice";
import { double } from "../lib/all";
const limit = 10;
const set = new Set<number>();
set.add(1);
function helper(n: number) { return double(n) + limit + set.size; }
export const up = asset("up", { run: () => 1 });
export const a = asset("a", { inputs: { up }, description: "first", run: () => helper(1) });
`,
};
type Files = Partial<Record<keyof typeof base, (text: string) => string>> & { readonly more?: Record<string, string> };

/** Code versions of `a` and `up` before and after an edit. */
async function afterEdit({ more = {}, ...edits }: Files) {
  const at = makeProject(base);
  const project = openProject({ root: at.root, environment: {}, importModule: nativeImport });
  open.push({ close: at.dispose }, project);
  const before = (await project.refresh()).loaded?.codeVersions;
  at.write({
    ...more,
    ...Object.fromEntries(Object.entries(edits).map(([name, edit]) => [name, (edit as (text: string) => string)(base[name as keyof typeof base])])),
  });
  const state = await project.refresh();
  const after = state.loaded?.codeVersions;
  expect(state.errors).toEqual([]);
  expect(before?.get("a")).toMatch(/^[0-9a-f]{16}$/);
  return { a: before?.get("a") !== after?.get("a"), up: before?.get("up") !== after?.get("up") };
}
const asset = "assets/a.ts";

test.each<[string, Files]>([
  ["its own run", { [asset]: (text) => text.replace("helper(1)", "helper(2)") }],
  ["a helper in its file", { [asset]: (text) => text.replace("+ limit", "- limit") }],
  ["a constant the helper uses", { [asset]: (text) => text.replace("limit = 10", "limit = 11") }],
  ["what is done to a value it uses", { [asset]: (text) => text.replace("set.add(1)", "set.add(2)") }],
  ["an imported helper, through a re-export", { "lib/util.ts": (text) => text.replace("n * factor", "n + factor") }],
  ["what the imported helper imports", { "lib/deep.ts": (text) => text.replace("factor = 2", "factor = 3") }],
])("an edit of %s makes an asset's code another", async (_, files) => {
  expect((await afterEdit(files)).a).toBe(true);
});

test.each<[string, Files]>([
  [
    "a comment and white space",
    {
      [asset]: (text) => `// new\n${text.replace("run: () => helper(1)", "run: () =>\n  /* why */ helper(1)")}`,
      "lib/util.ts": (text) => text.replace("Doubles.", "Twice."),
    },
  ],
  ["a type", { [asset]: (text) => text.replace("(n: number)", "(n: number | string as never)").replace("(n: number | string as never)", "(n: 1)") }],
  ["another asset in the file", { [asset]: (text) => `${text}export const b = asset("b", { run: () => 5 });\n` }],
  ["the upstream asset", { [asset]: (text) => text.replace("run: () => 1 }", "run: () => 99 }") }],
  ["its description", { [asset]: (text) => text.replace('description: "first"', 'group: "g", owners: ["me"]') }],
  [
    "what it does not use",
    {
      "lib/util.ts": (text) => text.replace("other = () => 1", "other = () => 2"),
      "lib/deep.ts": (text) => text.replace("unused = 1", "unused = 2"),
    },
  ],
  ["a file that was added", { more: { "assets/c.ts": 'import { asset } from "sluice";\nexport const c = asset("c", { run: () => 1 });\n' } }],
])("an edit of %s leaves an asset's code as it is", async (_, files) => {
  expect((await afterEdit(files)).a).toBe(false);
});

test("an asset's own codeVersion is what counts, and factories count with what they close over", async () => {
  const at = makeProject({
    ...stubPackage,
    "sluice.config.ts": stubConfig,
    "lib/make.ts": 'import { asset } from "sluice";\nexport const make = (key: string) => asset(key, { run: () => key.length });\n',
    "assets/a.ts":
      'import { asset } from "sluice";\nimport { make } from "../lib/make";\nexport const fixed = asset("fixed", { codeVersion: "v7", run: () => 1 });\nexport const made = make("made");\nexport default make("main");\n',
  });
  const project = openProject({ root: at.root, environment: {}, importModule: nativeImport });
  open.push({ close: at.dispose }, project);
  const before = (await project.refresh()).loaded?.codeVersions;
  at.write({ "lib/make.ts": 'import { asset } from "sluice";\nexport const make = (key: string) => asset(key, { run: () => key.length + 1 });\n' });
  const after = (await project.refresh()).loaded?.codeVersions;
  expect([before?.get("fixed"), after?.get("fixed")]).toEqual(["v7", "v7"]);
  expect(before?.get("made")).toBeDefined();
  expect(after?.get("made")).not.toBe(before?.get("made"));
  expect(after?.get("main")).not.toBe(before?.get("main"));
});

test("code versions do not depend on where the project lies", async () => {
  const versions = [];
  for (let copy = 0; copy < 2; copy++) {
    const at = makeProject(base);
    const project = openProject({ root: at.root, environment: {}, importModule: nativeImport });
    open.push({ close: at.dispose }, project);
    versions.push([...((await project.refresh()).loaded?.codeVersions ?? [])]);
    project.close();
  }
  expect(versions[0]).toHaveLength(2);
  expect(versions[1]).toEqual(versions[0]);
});
