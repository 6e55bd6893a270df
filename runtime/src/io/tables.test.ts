import { expect, test } from "vitest";
import { tableName } from "./tables.ts";

test("a table's schema is the asset's, else the I/O manager's, else the key's second-last part, else public", () => {
  const asset = { key: "shop/north/sales", table: { schema: "own" } };
  expect(tableName(asset, "bound")).toEqual({ schema: "own", table: "sales" });
  expect(tableName({ key: asset.key }, "bound")).toEqual({ schema: "bound", table: "sales" });
  expect(tableName({ key: asset.key }, undefined)).toEqual({ schema: "north", table: "sales" });
  expect(tableName({ key: "sales" }, undefined)).toEqual({ schema: "public", table: "sales" });
  expect(tableName({ key: "sales", table: { name: "sold" } }, "bound")).toEqual({ schema: "bound", table: "sold" });
});
