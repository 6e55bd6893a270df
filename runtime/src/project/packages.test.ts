import { afterEach, expect, test } from "vitest";
import { type EmbeddedModules, findPackage, hookPackages, worksTogether } from "./packages.ts";
import { openProject } from "./project.ts";
import { makeProject, nativeImport, stubConfig, stubPackage, type TestProject } from "./test-project.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

/** An embedded copy in a folder of its own: its definitions say where they and their `apache-arrow` come from. */
function embeddedCopy(): { readonly at: TestProject; readonly modules: EmbeddedModules } {
  const stub = stubPackage["node_modules/sluice/index.js"] ?? "";
  const at = makeProject({
    "copy/index.mjs": `import { from } from "apache-arrow";\n${stub}\nexport const copy = "embedded";\nexport const arrow = from;\n`,
    "copy/duckdb.mjs": `export { copy } from "./index.mjs";\n`,
    "copy/arrow.mjs": `export const from = "embedded";\n`,
    "copy/helper.mjs": `export const help = "embedded helper";\n`,
    "copy/uses-helper.mjs": `export { help } from "helper-package";\n`,
  });
  open.push({ close: at.dispose });
  const modules = {
    sluice: at.file("copy/index.mjs"),
    "sluice/duckdb": at.file("copy/duckdb.mjs"),
    "sluice/helped": at.file("copy/uses-helper.mjs"),
    "apache-arrow": at.file("copy/arrow.mjs"),
    "helper-package": at.file("copy/helper.mjs"),
  };
  return { at, modules };
}
const arrowPackage = (from: string, version: string) => ({
  "node_modules/apache-arrow/package.json": JSON.stringify({ name: "apache-arrow", version, type: "module", exports: "./index.js" }),
  "node_modules/apache-arrow/index.js": `export const from = "${from}";\n`,
});
const installed = (version: string, more = "") => ({
  ...stubPackage,
  "node_modules/sluice/package.json": JSON.stringify({ name: "sluice", version, type: "module", exports: { ".": "./index.js" } }),
  "node_modules/sluice/index.js": `import { from } from "apache-arrow";\n${stubPackage["node_modules/sluice/index.js"]}\nexport const copy = "installed";\nexport const arrow = from;\n${more}`,
});
const asset = `import { arrow as handed, asset, copy } from "sluice";
import { from } from "apache-arrow";
export const a = asset("a", { run: () => [copy, handed, from] });
`;

function project(files: Readonly<Record<string, string>>, version?: string) {
  const embedded = embeddedCopy();
  const at = makeProject({ "sluice.config.ts": stubConfig, "assets/a.ts": asset, ...files });
  const packages = hookPackages({ root: at.root, embedded: embedded.modules });
  const opened = openProject({ root: at.root, environment: {}, importModule: nativeImport, packages, version });
  open.push({ close: at.dispose }, packages, opened);
  return { at, project: opened, packages };
}
const run = async (state: Awaited<ReturnType<ReturnType<typeof openProject>["refresh"]>>) => {
  expect(state.configError).toBeUndefined();
  expect(state.errors).toEqual([]);
  return await state.loaded?.assets.get("a")?.step?.run({}, {});
};

test("a project without packages gets the embedded copies, every entry point of them", async () => {
  const { project: opened, packages } = project({
    "assets/a.ts": `import { asset } from "sluice";\nimport { copy } from "sluice/duckdb";\nimport { from } from "apache-arrow";\nimport { help } from "sluice/helped";\nexport const a = asset("a", { run: () => [copy, from, help] });\n`,
  });
  expect(await run(await opened.refresh())).toEqual(["embedded", "embedded", "embedded helper"]);
  expect(packages.choice("sluice")).toEqual({ installed: false });
});

test("what only the embedded copy needs is not offered to the project", async () => {
  const { project: opened } = project({
    "assets/a.ts": `import { asset } from "sluice";\nimport "helper-package";\nexport const a = asset("a", { run: () => 1 });\n`,
  });
  expect((await opened.refresh()).errors[0]?.message).toContain('imports "helper-package", which is not installed');
});

test("an installed copy wins, for its own entry points and for apache-arrow alone", async () => {
  const both = project({ ...installed("0.1.3"), ...arrowPackage("installed", "21.0.0") }, "0.1.0");
  expect(await run(await both.project.refresh())).toEqual(["installed", "installed", "installed"]);
  expect(both.packages.choice("sluice")).toMatchObject({ installed: true, version: "0.1.3" });
  const arrowOnly = project(arrowPackage("installed", "17.0.0"));
  expect(await run(await arrowOnly.project.refresh())).toEqual(["embedded", "installed", "installed"]);
});

test("an entry point that the installed copy lacks is an error, and no mixture of two copies", async () => {
  const { project: opened } = project({
    ...installed("0.1.3"),
    ...arrowPackage("installed", "21.0.0"),
    "assets/a.ts": `import { asset } from "sluice";\nimport { copy } from "sluice/duckdb";\nexport const a = asset("a", { run: () => copy });\n`,
  });
  const state = await opened.refresh();
  expect(state.errors).toMatchObject([{ code: "load/failed", place: { line: 2 } }]);
  expect(state.errors[0]?.message).toContain("sluice/duckdb");
});

test("a copy that is installed while the project is open is used from the next look on", async () => {
  const { at, project: opened } = project({});
  expect(await run(await opened.refresh())).toEqual(["embedded", "embedded", "embedded"]);
  at.write({ ...installed("0.1.3"), ...arrowPackage("installed", "21.0.0") });
  expect(await run(await opened.refresh())).toEqual(["installed", "installed", "installed"]);
});

test("an installed version that this one cannot run is said so, before anything of it is loaded", async () => {
  const { project: opened } = project(
    { ...installed("0.2.0", 'throw new Error("must not load");'), ...arrowPackage("installed", "21.0.0") },
    "0.1.0",
  );
  const { configError } = await opened.refresh();
  expect(configError).toMatchObject({ code: "config/invalid" });
  expect(configError?.message).toContain("sluice 0.2.0 installed, which sluice 0.1.0 cannot run");
});

test("versions work together up to the first number that is not 0", () => {
  expect([worksTogether("0.1.0", "0.1.9"), worksTogether("1.2.0", "1.9.1"), worksTogether("0.0.1", "0.0.1-beta")]).toEqual([true, true, true]);
  expect([worksTogether("0.1.0", "0.2.0"), worksTogether("1.0.0", "2.0.0"), worksTogether("0.0.1", "0.0.2")]).toEqual([false, false, false]);
});

test("a copy in a folder above counts as installed, as for Node", () => {
  const at = makeProject({ ...stubPackage, "packages/deep/sluice.config.ts": stubConfig });
  open.push({ close: at.dispose });
  expect(findPackage(at.file("packages/deep"), "sluice")).toMatchObject({
    installed: true,
    version: "0.1.0",
    folder: at.file("node_modules/sluice"),
  });
  expect(findPackage(at.file("packages/deep"), "apache-arrow")).toEqual({ installed: false });
});
