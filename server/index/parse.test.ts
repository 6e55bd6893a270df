import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/random.ts";
import type { AssetFact } from "./facts.ts";
import { openParser, parseFacts } from "./parse.ts";

const facts = (text: string) => parseFacts("/project/assets.ts", text);
const assets = (text: string) => facts(text).assets;
const short = ({ key, path, kind }: AssetFact) => `${kind} ${key ?? "?"} ${path?.join(".") ?? "-"}`;
const at = (text: string, [start, end]: readonly [number, number]) => text.slice(start, end);

describe("what defines an asset", () => {
  it("is an import of the package, under any local name and as a namespace", () => {
    const text = `import { asset as a, source } from "sluice";
import * as sluice from "sluice";
export const one = a("one", {});
export const two = sluice.asset("two", {});
export const three = source("three");`;
    expect(assets(text).map(short)).toEqual(["asset one one", "asset two two", "source three three"]);
  });

  it("is not the name: other functions called `asset`, type imports and shadowed names define nothing", () => {
    expect(assets(`import { asset } from "./mine"; export const one = asset("one", {});`)).toEqual([]);
    expect(assets(`import type { asset } from "sluice"; export const one = asset("one", {});`)).toEqual([]);
    expect(assets(`import { type asset } from "sluice"; export const one = asset("one", {});`)).toEqual([]);
    expect(assets(`import { asset } from "sluice"; function f(asset) { return asset("one", {}); }`)).toEqual([]);
    expect(assets(`import { asset } from "sluice"; const f = () => { const asset = make(); asset("one"); };`)).toEqual([]);
    expect(assets(`import { asset } from "sluice"; const text = 'asset("one", {})'; // asset("two")`)).toEqual([]);
  });

  it("is found in arrays, objects, defaults, functions and other assets, but not in what runs later", () => {
    const text = `import { asset } from "sluice";
export const list = [asset("a", {})];
export const object = { inner: { b: asset("b", {}) } };
export default asset("c", { inputs: { d: asset("d", { run: () => 1 }) }, run: () => asset("no", {}) });
function make(name) { return asset(\`made_\${name}\`, {}); }
if (list) asset("e", {});`;
    expect(assets(text).map(short)).toEqual(["asset a list.0", "asset b object.inner.b", "asset c *default*", "asset d -", "asset ? -", "asset e -"]);
  });

  it("gives each output of `assets` its key, through a variable and through destructuring", () => {
    const text = `import { assets, output } from "sluice";
export const split = assets("split", { outputs: { good: output({ group: "clean" }), "bad-ones": output() }, run: () => ({}) });
export const { left, right: other } = assets("sides", { outputs: { left: output(), right: output() }, run: () => ({}) });`;
    expect(assets(text).map(short)).toEqual([
      "output split/good split.good",
      "output split/bad-ones split.bad-ones",
      "output sides/left left",
      "output sides/right other",
    ]);
    expect(assets(text).map(({ group }) => group)).toEqual(["clean", undefined, undefined, undefined]);
  });

  it("has no key where the key is computed", () => {
    const text = `import { asset } from "sluice"; const name = "x";
export const a = asset(name, {}); export const b = asset(\`\${name}\`, {}); export const c = asset("x" + name, {}); export const d = asset(\`plain\`, {});`;
    expect(assets(text).map(({ key }) => key)).toEqual([undefined, undefined, undefined, "plain"]);
  });
});

describe("the record of an asset", () => {
  const text = `import { asset, rows, sql, self } from "sluice";
import * as other from "./other.ts";
import { raw, warehouse } from "./raw.ts";
/** Its comment. */
export const clean = asset("sales/clean", {
  group: "sales",
  description: "Sales " + "without nulls",
  ioManager: warehouse,
  inputs: { raw, typed: raw.as(rows()).with({ columns: ["id"] }), ns: other.thing, "in quotes": other["x"].all().merged(), me: self(rows()).window({ start: -1, end: -1 }) },
  deps: [raw, "legacy/table", other.more, make(), ...rest],
  run: () => [],
});`;
  const [asset] = assets(text);

  it("holds what it says about itself, and where", () => {
    expect(asset).toMatchObject({ key: "sales/clean", group: "sales", description: "Sales without nulls", path: ["clean"], exported: true });
    expect(at(text, asset!.keySpan)).toBe('"sales/clean"');
    expect(at(text, asset!.nameSpan!)).toBe("clean");
    expect(at(text, asset!.span)).toMatch(/^export const clean[\s\S]*\}\);$/);
    expect(asset!.ioManager?.chain).toEqual(["warehouse"]);
  });

  it("holds its inputs and deps, whatever form they arrive in; not itself, not spreads", () => {
    expect(asset!.refs.map(({ input, chain, key, text }) => [input, chain?.join("."), key, text])).toEqual([
      ["raw", "raw", undefined, "raw"],
      ["typed", "raw", undefined, "raw"],
      ["ns", "other.thing", undefined, "other.thing"],
      ["in quotes", "other.x", undefined, "other.x"],
      [undefined, "raw", undefined, "raw"],
      [undefined, undefined, "legacy/table", "legacy/table"],
      [undefined, "other.more", undefined, "other.more"],
      [undefined, undefined, undefined, "make()"],
    ]);
    for (const ref of asset!.refs) if (ref.chain) expect(at(text, ref.span).replace('["x"]', ".x")).toBe(ref.chain.join("."));
  });

  it("does not take a parameter for something of the module", () => {
    const [made] = assets(
      `import { asset } from "sluice"; import { raw } from "./raw"; function make(raw) { return asset("x", { inputs: { raw } }); }`,
    );
    expect(made!.refs).toMatchObject([{ input: "raw", text: "raw" }]);
    expect(made!.refs[0]!.chain).toBeUndefined();
  });

  it("says whether an export reaches it", () => {
    const list = assets(`import { asset } from "sluice";
const a = asset("a", {}); const b = asset("b", {}); const c = asset("c", {}); const d = asset("d", { inputs: { e: asset("e", {}) } });
export { b as renamed }; export const all = [c, { d }];`);
    expect(list.filter(({ exported }) => exported).map(({ key }) => key)).toEqual(["b", "c", "d"]);
  });
});

describe("other definitions", () => {
  it("reads I/O manager keys, checks and the config", () => {
    const found = facts(`import { assetCheck, defineConfig, ioManagerKey, resourceKey, sql } from "sluice"; import { sales } from "./sales";
export const warehouse = ioManagerKey()("warehouse"); export const models = ioManagerKey<Model>()("models"); export const shop = resourceKey<Shop>()("shop");
assetCheck(sales.as(sql), { name: "not_empty", run: () => true });
export default defineConfig({ assets: ["a/**/*.ts"], keys: [warehouse], targets: { local: {}, "prod-eu": {} }, defaultTarget: "local" });`);
    expect(found.boundKeys.map(({ kind, path, name }) => [kind, path.join("."), name])).toEqual([
      ["io-manager", "warehouse", "warehouse"],
      ["io-manager", "models", "models"],
      ["resource", "shop", "shop"],
    ]);
    expect(found.checks).toMatchObject([{ name: "not_empty", ref: { chain: ["sales"] } }]);
    expect(found.config).toMatchObject({ assets: ["a/**/*.ts"], targets: ["local", "prod-eu"], defaultTarget: "local" });
  });
});

describe("texts that no one expects", () => {
  it.each([
    ["empty", ""],
    ["binary", "\0\u0001\uFFFDsluice\0"],
    ["only an import", `import { asset } from "sluice`],
    ["a call without arguments", `import { asset } from "sluice"; export const a = asset(`],
    ["a key that is not closed", `import { asset } from "sluice"; export const a = asset("x`],
    ["deep nesting", `import { asset } from "sluice"; export const a = ${"[".repeat(20_000)}`],
    ["a deep sum", `import { asset } from "sluice"; export const a = asset("a", { description: ${"'x' + ".repeat(20_000)} 'x' });`],
  ])("%s gives a record and no exception", (_, text) => {
    expect(facts(text).lines[0]).toBe(0);
  });
});

describe("an open document", () => {
  it("parsed from edits has the same record as one parsed from scratch, whatever is typed", () => {
    const random = createRandom(7);
    const pieces = ["(", ")", "{", "}", "`", '"', "'", "/*", "*/", "${", "\n", "x", "asset(", ", ", "é😀", ""];
    const original = `import { asset, rows } from "sluice";\nexport const a = asset("a", { run: () => [1] });\nexport const b = asset("b", { inputs: { a: a.as(rows()) }, deps: ["a"] });\n`;
    let compared = 0;
    for (let session = 0; session < 20; session++) {
      const parser = openParser("/project/a.ts");
      let text = original;
      parser.parse(text, undefined, undefined);
      for (let step = 0; step < 30; step++) {
        const start = random.below(text.length);
        const length = random.below(Math.min(4, text.length - start));
        const piece = random.pick(pieces);
        text = text.slice(0, start) + piece + text.slice(start + length);
        expect(parser.parse(text, { span: { start, length }, newLength: piece.length }, undefined)).toEqual(parseFacts("/project/a.ts", text));
        compared++;
      }
    }
    expect(compared).toBe(600);
  });
});

describe("what an asset says about itself", () => {
  const head = 'import { asset, assets, dailyPartitions, multiPartitions, output, staticPartitions } from "sluice";\n';
  const spec = (text: string) => assets(`${head}export const a = asset("a", { ${text} });`)[0]!;

  it.each([
    ["nothing where the two agree", "inputs: { x, y: z }, run: ({ y, x: other }) => 1", undefined],
    ["an input that run does not take", "inputs: { x, y }, run: ({ y }) => 1", [["x"], []]],
    ["inputs that a run without parameters cannot have", "inputs: { x }, run() { return f(); }", [["x"], []]],
    ["a parameter that no input feeds", "inputs: { x }, run: ({ x, w = 1 }) => 1", [[], ["w"]]],
    ["nothing where run takes the whole, or the rest", "inputs: { x }, run: (inputs) => 1", undefined],
    ["nothing where run takes the rest", "inputs: { x, y }, run: ({ x, ...rest }) => 1", undefined],
    ["no parameter where inputs are spread", "inputs: { ...common, x }, run: ({ y }) => 1", [["x"], []]],
    ["nothing where inputs are computed", "inputs: common, run: ({ y }) => 1", undefined],
  ])("of inputs and run: %s", (_, text, expected) => {
    const { mismatch } = spec(text);
    expect(mismatch && [mismatch.unused.map(({ name }) => name), mismatch.unfed.map(({ name }) => name)]).toEqual(expected);
  });

  it.each([
    ['dailyPartitions({ start: "2026-01-01" })', { maker: "dailyPartitions", timezone: "UTC", isPlaced: false }],
    ['dailyPartitions({ start, timezone: "Europe/Berlin", column: "day" })', { timezone: "Europe/Berlin", isPlaced: true }],
    ["dailyPartitions({ ...shared })", { timezone: undefined, isPlaced: undefined }],
    ['staticPartitions(["eu", "us"], { partitionExpr: "lower(r)" })', { keys: ["eu", "us"], isPlaced: true }],
    ["staticPartitions(regions)", { keys: undefined, isPlaced: false }],
    ["days", { chain: ["days"] }],
    [
      "multiPartitions({ day: days, region: staticPartitions(['eu']) })",
      { dimensions: [{ name: "day", is: { chain: ["days"] } }, { name: "region" }] },
    ],
  ])("of partitions %s", (text, expected) => {
    const { partitions } = spec(`partitions: ${text}, run: () => f()`);
    expect(partitions).toMatchObject(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)));
    for (const [name, value] of Object.entries(expected)) if (value === undefined) expect(partitions).not.toHaveProperty(name);
  });

  it("of its table, its resources and a literal that run returns", () => {
    const text = "table: { schema: 'marts', name: other }, resources: { shop, api: keys.api }, run: () => { return 42; }";
    expect(spec(text)).toMatchObject({
      table: { schema: "marts" },
      resources: [{ chain: ["shop"] }, { chain: ["keys", "api"] }],
      returns: { type: "a number" },
    });
    expect(spec(text).table).not.toHaveProperty("name");
    expect(spec("run: () => [1]")).not.toHaveProperty("returns");
  });

  it("of several outputs: what they share, what is their own, and what run does once", () => {
    const found = assets(`${head}export const { x, y } = assets("s", {
  inputs: { p, q }, partitions: days, outputs: { x: output({ table: { name: "t" } }), y: output() }, run: ({ q }) => ({}) });`);
    expect(found.map(({ partitions, table, mismatch }) => [partitions, table, mismatch?.unused.map(({ name }) => name)])).toMatchObject([
      [{ chain: ["days"] }, { name: "t" }, ["p"]],
      [{ chain: ["days"] }, undefined, undefined],
    ]);
  });

  it("of what each target binds", () => {
    const { config } = facts(`import { defineConfig } from "sluice"; import { duckdb } from "sluice/duckdb"; import * as io from "sluice";
export default defineConfig({ assets: [], targets: { local: { ioManager: duckdb({ database: "x" }), models: io.filesystem() }, prod: { ...shared, protected: true }, other }, defaultTarget: "local" });`);
    expect(config?.bound.map(({ name, bindings, isWhole }) => [name, isWhole, bindings.map((each) => [each.name, each.maker])])).toEqual([
      [
        "local",
        true,
        [
          ["ioManager", ["duckdb"]],
          ["models", ["io", "filesystem"]],
        ],
      ],
      ["prod", false, [["protected", undefined]]],
    ]);
  });
});
