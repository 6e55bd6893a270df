import { describe, expect, it } from "vitest";
import { env } from "../assets/env.ts";
import { type AssetAddress, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { checkTarget, storageCollisions } from "./check-target.ts";
import { type FakeAsset, fakeProject, memory } from "./fixture.ts";
import { buildGraph } from "./graph.ts";
import { noHistory } from "./history.ts";
import { planRun } from "./run.ts";
import { assetStatus } from "./status.ts";

const lower = { place: ({ key, table }: AssetAddress) => (table?.name ?? key.split("/").at(-1)!).toLowerCase() };
function check(
  list: Readonly<Record<string, FakeAsset>>,
  options: Parameters<typeof fakeProject>[1] = {},
  environment = {},
  keys?: readonly string[],
) {
  const { project, target } = fakeProject(list, options);
  const graph = buildGraph(project);
  const steps = [...graph.steps.values()].filter(({ assets }) => !keys || assets.some((key) => keys.includes(key)));
  return checkTarget(graph, target, steps, environment);
}

describe("checkTarget", () => {
  it("finds keys that the target does not bind, or binds to something else", () => {
    const resource = { [kind]: "resource" as const, open: () => 1 };
    const problems = check(
      {
        a: { ioManager: "warehose" },
        b: { resources: { shop: "shop" } },
        c: { resources: { wrong: "warehouse" } },
        d: { inputs: { a: { key: "a", ioManager: "client" } } },
      },
      { bindings: { warehouse: memory(), client: resource } },
    );
    expect(problems.map(({ code, asset, message, hint }) => [code, asset, message, hint])).toEqual([
      ["config/unbound-key", "a", 'Target "local" binds no I/O manager to "warehose", which a uses.', 'Did you mean "warehouse"?'],
      [
        "config/unbound-key",
        "b",
        'Target "local" binds no resource to "shop", which b uses.',
        expect.stringContaining("targets: { local: { shop: ... } }"),
      ],
      ["config/unbound-key", "c", expect.stringContaining('binds "warehouse" to something else than a resource'), undefined],
      ["config/unbound-key", "d", expect.stringContaining('binds "client" to something else than an I/O manager'), undefined],
    ]);
  });

  it("finds all missing environment variables together, with variable, key and target, and no value", () => {
    const settings = { account: env("ACCOUNT"), nested: { list: [env.secret("PASSWORD"), env("ACCOUNT")] }, port: env.int("PORT") };
    const resource = { [kind]: "resource" as const, settings: { token: env.secret("TOKEN") }, open: () => 1 };
    const problems = check(
      { a: { resources: { shop: "shop" } } },
      { manager: memory("snowflake", { settings }), bindings: { shop: resource } },
      { ACCOUNT: "x", PORT: "s3cret" },
    );
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ["config/missing-env", 'The environment variable PASSWORD is not set; "ioManager" of target "local" needs it.'],
      ["config/invalid", expect.stringContaining('The environment variable PORT, which "ioManager" of target "local" needs')],
      ["config/missing-env", 'The environment variable TOKEN is not set; "shop" of target "local" needs it.'],
    ]);
    expect(JSON.stringify(problems)).not.toContain("s3cret");
  });

  it("looks only at what the steps use, their inputs included", () => {
    const other = memory("other", { settings: { x: env("X") } });
    const list = { a: { ioManager: "other" }, b: { inputs: { a: "a" } }, c: {} };
    expect(check(list, { bindings: { other } }, {}, ["c"])).toEqual([]);
    expect(check(list, { bindings: { other } }, {}, ["b"])).toMatchObject([{ code: "config/missing-env", asset: "b" }]);
  });

  it("finds two assets in one place, as the store compares names", () => {
    const problems = check({ "shop/Sales": {}, "web/sales": {}, other: {} }, { manager: memory("duckdb", lower) });
    expect(problems).toMatchObject([
      {
        code: "graph/storage-collision",
        asset: "web/sales",
        message: expect.stringContaining("shop/Sales and web/sales"),
        hint: expect.stringContaining("table:"),
      },
    ]);
    expect(check({ "shop/Sales": {}, "web/sales": { table: { name: "web_sales" } } }, { manager: memory("duckdb", lower) })).toEqual([]);
  });

  it("compares places as the store does, and shows them as they were given", async () => {
    const shown = ({ key }: AssetAddress) => `Shelf/${key}`;
    const manager = memory("duckdb", { ...lower, shown });
    const [problem] = check({ "shop/Sales": {}, "web/sales": {} }, { manager });
    expect(problem?.message).toBe('shop/Sales and web/sales would be stored in the same place on target "local": Shelf/shop/Sales.');
    const fake = fakeProject({ Raw: { run: () => 1 }, clean: { inputs: { r: "Raw" } } }, { manager });
    expect((await assetStatus({ ...fake, history: noHistory(), keys: ["Raw"] }))[0]?.place).toBe("Shelf/Raw");
    const refused = planRun({ ...fake, selection: "clean" });
    await expect(refused).rejects.toThrow('Raw is not there (looked in duckdb of target "local": Shelf/Raw); clean takes it as its input "r".');
  });

  it("leaves to the run what only the run can tell: an asset that may store its value itself", () => {
    const shop = { [kind]: "resource" as const, open: () => 1 };
    const options = { manager: memory("duckdb", lower), bindings: { shop } };
    expect(check({ "by_hand/sales": { resources: { shop: "shop" } }, sales: {} }, options)).toEqual([]);
    const loaded = { "by_hand/sales": { resources: { shop: "shop" } }, sales: {}, user: { inputs: { s: "by_hand/sales" } } };
    expect(check(loaded, options)).toMatchObject([{ code: "graph/storage-collision" }]);
  });

  it("says nothing of places that cannot be told without a missing variable", () => {
    const place = () => env("SCHEMA").read({});
    expect(check({ "a/x": {}, "b/x": {} }, { manager: memory("duckdb", { place }) })).toEqual([]);
  });

  it("tells stores apart by what they are bound to, not by their key", () => {
    const at = (database: unknown) => memory("duckdb", { ...lower, settings: { database } });
    const list = { "a/x": { ioManager: "one" }, "b/x": { ioManager: "two" } };
    expect(check(list, { bindings: { one: at("1.db"), two: at("2.db") } })).toEqual([]);
    expect(check(list, { bindings: { one: at(env("DB")), two: at(env("DB")) } }, { DB: "x" })).toMatchObject([{ code: "graph/storage-collision" }]);
    expect(check(list, { bindings: { one: at(1n), two: at(1n) } })).toEqual([]);
  });

  it("does not mind two sources of one table, but does mind an asset that would overwrite one", () => {
    const { project, target } = fakeProject(
      { "a/x": { source: true }, "b/x": { source: true }, "c/y": { source: true }, "d/y": {} },
      { manager: memory("duckdb", lower) },
    );
    expect(storageCollisions(buildGraph(project), target).map(({ assets }) => assets)).toEqual([["c/y", "d/y"]]);
  });

  it("asks nothing of a store whose settings cannot be read", () => {
    const unreadable = memory("duckdb", {
      place: () => {
        throw new SluiceError("config/missing-env", "The environment variable DB is not set.");
      },
    });
    const { project, target } = fakeProject({ "a/x": {}, "b/x": {} }, { manager: unreadable });
    expect(storageCollisions(buildGraph(project), target)).toEqual([]);
  });
});
