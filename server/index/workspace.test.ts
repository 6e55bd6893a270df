import { describe, expect, it } from "vitest";
import { edgesOf, testProject } from "../testing/project.ts";

const head = 'import { asset, assets, ioManagerKey, output, rows, source } from "sluice";\n';
const one = (name: string, inputs = "") => `export const ${name} = asset("${name}", { ${inputs ? `inputs: { ${inputs} }, ` : ""}run: () => 1 });\n`;
const edges = (files: Record<string, string>) => edgesOf(testProject(files).workspace);

describe("following names across files", () => {
  it.each([
    ["a path with its extension", 'import { a } from "./lib/a.ts";'],
    ["a path without extension", 'import { a } from "./lib/a";'],
    ["the .js of a .ts", 'import { a } from "./lib/a.js";'],
    ["a folder's index", 'import { a } from "./lib";'],
    ["another name", 'import { a as b } from "./lib/a"; const a = b;'],
    ["a default export", 'import a from "./lib/default";'],
    ["a default export of a name", 'import a from "./lib/named-default";'],
    ["a renaming re-export", 'import { renamed as a } from "./lib/again";'],
    ["a namespace's member", 'import * as lib from "./lib"; const a = lib.a;'],
    ["a namespace inside a namespace", 'import { inner } from "./lib/again"; const { a } = inner;'],
    ["a barrel that leads in a circle", 'import { a } from "./lib/circle-1";'],
    ["a member of an exported object", 'import { all } from "./lib/again"; const a = all.a;'],
    ["a path of tsconfig.json", 'import { a } from "@lib/a";'],
    ["a path of a tsconfig.json above", 'import { a } from "#deep/a";'],
  ])("%s", (_, imports) => {
    const found = edges({
      "tsconfig.json": '{ "extends": "./tsconfig.base.json", "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "#deep/*": ["./lib/*"] } } }',
      "tsconfig.base.json": '{ "compilerOptions": { "strict": true } }',
      "lib/a.ts": head + one("a"),
      "lib/default.ts": `${head}export default asset("a", {});`,
      "lib/named-default.ts": 'import { a } from "./a";\nexport default a;',
      "lib/index.ts": 'export * from "./a";\nexport * from "./missing";',
      "lib/again.ts":
        'import { a } from "./a.ts";\nexport { a as renamed } from "./a.ts";\nexport * as inner from "./index";\nexport const all = { a };',
      "lib/circle-1.ts": 'export * from "./circle-2";',
      "lib/circle-2.ts": 'export * from "./circle-1";\nexport * from "./a";',
      "reader.ts": `${head}${imports}\n${one("reader", "a")}`,
    });
    expect(found["reader"]).toEqual(["a"]);
  });

  it("leads nowhere, and to no error, where something is computed or comes from a package", () => {
    const found = edges({
      "reader.ts": `${head}import { x } from "some-package";\nimport { y } from "./missing";\n${one("reader", "x, y, z: make(), w")}`,
    });
    expect(found["reader"]).toEqual(["?x", "?y", "?make()", "?w"]);
  });

  it("reaches outputs, destructured or not, and assets defined on the spot", () => {
    const found = edges({
      "a.ts": `${head}export const split = assets("split", { outputs: { good: output(), bad: output() }, run: () => ({}) });
export const { left } = assets("sides", { outputs: { left: output() }, run: () => ({}) });`,
      "b.ts": `${head}import { left, split } from "./a";\n${one("b", 'good: split.good, bad: split["bad"].as(rows()), left, m: asset("m", {})')}`,
    });
    expect(found["b"]).toEqual(["split/good", "split/bad", "sides/left", "m"]);
  });

  it("resolves keys of I/O managers and resources, and partitions, over files", () => {
    const { workspace } = testProject({
      "keys.ts": `import { dailyPartitions, ioManagerKey, resourceKey } from "sluice";
export const big = ioManagerKey()("warehouse");
export const shop = resourceKey()("shop");
export const days = dailyPartitions({ start: "2026-01-01" });`,
      "a.ts": `${head}import { big, days, shop } from "./keys";
export const a = asset("a", { ioManager: big, resources: { shop, wrong: big }, partitions: days, run: () => 1 });
export const b = asset("b", { ioManager: shop, partitions: big, run: () => 1 });`,
    });
    expect([...workspace.nodes.values()].map(({ key, bound }) => [key, bound])).toEqual([
      ["a", { manager: "warehouse", resources: ["shop"], partitions: { path: "/project/keys.ts", index: 0 } }],
      ["b", {}],
    ]);
  });

  it("prefers its own export over one that a star brings", () => {
    const found = edges({
      "far.ts": `${head}export const a = asset("far", {});`,
      "near.ts": `${head}export * from "./far";\nexport const a = asset("near", {});`,
      "reader.ts": `${head}import { a } from "./near";\n${one("reader", "a")}`,
    });
    expect(found["reader"]).toEqual(["near"]);
  });
});

describe("keys and projects", () => {
  const nested = {
    "sluice.config.ts":
      'import { defineConfig } from "sluice"; export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });',
    "inner/sluice.config.ts": 'import { defineConfig } from "sluice"; export default defineConfig({ assets: patterns, targets: { a: {}, b: {} } });',
    "assets/a.ts": `${head}${one("shared")}export const b = asset("b", { deps: ["shared", "inner_only"], run: () => 1 });`,
    "inner/c.ts": `${head}${one("shared")}${one("inner_only")}export const d = asset("d", { deps: ["shared"], run: () => 1 });`,
    "scratch.ts": head + one("shared"),
    "assets/a.test.ts": head + one("shared"),
  };

  it("lists each folder with a config, with the targets that its syntax shows", () => {
    expect(testProject(nested).workspace.projects()).toEqual([
      { uri: "file:///project", configUri: "file:///project/sluice.config.ts", targets: ["local"], defaultTarget: "local" },
      { uri: "file:///project/inner", configUri: "file:///project/inner/sluice.config.ts", targets: ["a", "b"] },
    ]);
  });

  it("resolves keys within one project, among the files that its config covers", () => {
    const { workspace } = testProject(nested);
    const target = (key: string) => {
      const [node] = [...workspace.nodes.values()].filter((each) => each.key === key && each.member);
      return workspace.edges(node!).map((edge) => edge.target);
    };
    expect(target("b")).toEqual(["file:///project/assets/a.ts#shared", undefined]);
    expect(target("d")).toEqual(["file:///project/inner/c.ts#shared"]);
    expect([...workspace.keys.duplicates()]).toEqual([]);
  });

  it("leaves assets out of the graph that the config does not cover", () => {
    const { workspace } = testProject(nested);
    const uris = [...workspace.nodes.keys()].flatMap((id) => workspace.describe(id)?.uri ?? []);
    expect(uris).not.toContain("file:///project/scratch.ts");
    expect(uris).not.toContain("file:///project/assets/a.test.ts");
    expect(uris).toContain("file:///project/assets/a.ts");
  });

  it("moves files to another project when a config comes or goes", () => {
    const { workspace, write, remove } = testProject({ "a.ts": head + one("x"), "inner/b.ts": head + one("x") });
    const doubled = () => [...workspace.keys.duplicates()].flat().length;
    expect(doubled()).toBe(2);
    write("inner/sluice.config.ts", nested["inner/sluice.config.ts"]);
    expect(doubled()).toBe(0);
    remove("inner/sluice.config.ts");
    expect(doubled()).toBe(2);
  });
});

describe("changes", () => {
  const chain = {
    "a.ts": head + one("a"),
    "barrel.ts": 'export * from "./a";',
    "b.ts": `${head}import { a } from "./barrel";\n${one("b", "a")}`,
    "c.ts": `${head}export const c = asset("c", { deps: ["b"], run: () => 1 });`,
  };

  it("touch nothing but the edited asset when only its body changed", () => {
    const { workspace, write } = testProject(chain);
    workspace.takeTouched();
    const shape = workspace.structure();
    write("a.ts", chain["a.ts"].replace("() => 1", "() => 2"));
    expect([...workspace.takeTouched()]).toEqual([]);
    write("a.ts", chain["a.ts"].replace("() => 1", "() => 123456"));
    expect([...workspace.takeTouched()]).toEqual(["file:///project/a.ts#a"]);
    expect(workspace.structure()).toBe(shape);
  });

  it("reach those who import through a barrel, and those who name the key", () => {
    const { workspace, write } = testProject(chain);
    write("a.ts", head + one("other"));
    expect(edgesOf(workspace)).toMatchObject({ b: ["?a"], c: ["b"] });
    write("a.ts", chain["a.ts"]);
    expect(edgesOf(workspace)).toMatchObject({ b: ["a"] });
    write("b.ts", chain["b.ts"].replace('"b"', '"renamed"'));
    expect(edgesOf(workspace)).toMatchObject({ c: ["?b"], renamed: ["a"] });
  });

  it("notice files that come and go, also ones that were only looked for", () => {
    const { workspace, write, remove } = testProject(chain);
    remove("a.ts");
    expect(edgesOf(workspace)["b"]).toEqual(["?a"]);
    write("a/index.ts", chain["a.ts"]);
    expect(edgesOf(workspace)["b"]).toEqual(["a"]);
    remove("barrel.ts");
    expect(edgesOf(workspace)["b"]).toEqual(["?a"]);
  });

  it("notice a changed tsconfig.json", () => {
    const { workspace, write } = testProject({
      "tsconfig.json": "{}",
      "lib/a.ts": head + one("a"),
      "b.ts": `${head}import { a } from "@lib/a";\n${one("b", "a")}`,
    });
    expect(edgesOf(workspace)["b"]).toEqual(["?a"]);
    write("tsconfig.json", '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }');
    expect(edgesOf(workspace)["b"]).toEqual(["a"]);
  });

  it("find cycles as they close, and let them go as they open", () => {
    const { workspace, write } = testProject({
      "a.ts": `${head}export const a = asset("a", { deps: ["c"], run: () => 1 });`,
      "b.ts": `${head}export const b = asset("b", { deps: ["a"], run: () => 1 });`,
      "c.ts": head + one("c"),
    });
    expect(workspace.cycles().size).toBe(0);
    write("c.ts", `${head}export const c = asset("c", { deps: ["b"], run: () => 1 });`);
    expect(workspace.cycles().size).toBe(3);
    write("b.ts", `${head}export const b = asset("b", { deps: ["b"], run: () => 1 });`);
    expect([...workspace.cycles().keys()]).toEqual(["file:///project/b.ts#b"]);
    write("b.ts", head + one("b"));
    expect(workspace.cycles().size).toBe(0);
  });

  it("keep another file's references while a file is half-typed", () => {
    const { workspace, write } = testProject(chain);
    write("a.ts", `${head}export const a = ass(`);
    expect(edgesOf(workspace)["b"]).toEqual(["a"]);
    expect(workspace.describe("file:///project/a.ts#a")?.stale).toBe(true);
    write("a.ts", head);
    expect(edgesOf(workspace)["b"]).toEqual(["?a"]);
  });
});
