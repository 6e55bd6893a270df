import { describe, expect, it } from "vitest";
import type { IOManager } from "../io/manager.ts";
import { isKind } from "../io/manager.ts";
import { defineConfig } from "./config.ts";
import { env } from "./env.ts";
import { ioManagerKey, resourceKey } from "./keys.ts";
import { resource } from "./resource.ts";

const manager = (): IOManager<unknown> => ({ handleOutput: async () => ({ place: "here" }), loadInput: async () => 1 });
const warehouse = ioManagerKey()("warehouse");
const shop = resourceKey<number>()("shop");

it("binds what each target needs", () => {
  const [store, client] = [manager(), resource({ name: "client", open: () => 3 })];
  const config = defineConfig({
    assets: ["assets/**/*.ts"],
    keys: [warehouse, shop],
    targets: {
      local: { ioManager: store, warehouse: store, shop: client },
      prod: { protected: true, readFrom: "local", warehouse: store, shop: client },
    },
    defaultTarget: "local",
  });
  expect(isKind(config, "config")).toBe(true);
  expect(config.assets).toEqual(["assets/**/*.ts"]);
  expect(config.defaultTarget).toBe("local");
  expect(config.targets["local"]).toEqual({ protected: false, bindings: { ioManager: store, warehouse: store, shop: client } });
  expect(config.targets["prod"]).toEqual({ protected: true, readFrom: "local", bindings: { warehouse: store, shop: client } });
});

describe("refuses", () => {
  const right = { assets: ["a"], targets: { local: { ioManager: manager() } }, defaultTarget: "local" };
  const loosely = defineConfig as unknown as (config: unknown) => unknown;
  const cases: readonly (readonly [what: string, config: unknown, code: string, says: RegExp])[] = [
    ["no assets", { ...right, assets: [] }, "config/invalid", /list of globs/],
    ["an unknown property", { ...right, target: {} }, "config/invalid", /no property "target".*"targets"/],
    ["no targets", { ...right, targets: {} }, "config/invalid", /no targets/],
    ["an unknown default", { ...right, defaultTarget: "lcal" }, "config/unknown-target", /"lcal".*"local"/],
    ["an unbound key", { ...right, keys: [warehouse] }, "config/unbound-key", /"local".*"warehouse"/],
    ["a misspelt binding", { ...right, keys: [warehouse], targets: { local: { warehose: manager() } } }, "config/invalid", /"warehose".*"warehouse"/],
    ["a binding without a key", { ...right, targets: { local: { other: manager() } } }, "config/invalid", /no property "other"/],
    ["no I/O manager", { ...right, targets: { local: { ioManager: {} } } }, "config/invalid", /I\/O manager is needed/],
    [
      "a resource where an I/O manager is needed",
      { ...right, targets: { local: { ioManager: resource({ open: () => 1 }) } } },
      "config/invalid",
      /handleOutput/,
    ],
    [
      "an I/O manager where a resource is needed",
      { ...right, keys: [shop], targets: { local: { shop: manager() } } },
      "config/invalid",
      /resource is needed/,
    ],
    ["two keys of one name", { ...right, keys: [warehouse, ioManagerKey()("warehouse")] }, "config/invalid", /two keys/],
    ["a target that reads from nowhere", { ...right, targets: { local: { readFrom: "prod" } } }, "config/unknown-target", /readFrom/],
    ["a target that reads from itself", { ...right, targets: { local: { readFrom: "local" } } }, "config/invalid", /itself/],
    ["protected in words", { ...right, targets: { local: { protected: "yes" } } }, "config/invalid", /protected/],
  ];
  it.each(cases)("%s", (_, config, code, says) => {
    let thrown: unknown;
    try {
      loosely(config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: "SluiceError", code });
    expect(`${(thrown as Error).message} ${(thrown as { hint?: string }).hint}`).toMatch(says);
  });
});

it("keeps names that a target uses itself from keys", () => {
  for (const name of ["ioManager", "protected", "readFrom", ""]) {
    expect(() => ioManagerKey()(name)).toThrow(/name|meaning/);
    expect(() => resourceKey<number>()(name)).toThrow(/name|meaning/);
  }
});

it("keeps a resource's settings for the check of environment variables", () => {
  const password = env.secret("P");
  expect(resource({ open: () => 1, settings: { password } })).toMatchObject({ settings: { password } });
  expect(() => resource({ open: 1 as never })).toThrow(/function open/);
});
