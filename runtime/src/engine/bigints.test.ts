import { expect, it } from "vitest";
import { bigintColumns } from "./bigints.ts";
import { fakeProject, materialize } from "./fixture.ts";

it.each<[string, unknown, readonly string[]]>([
  ["columns that hold one in any row", [{ a: 1, b: 2n }, { a: 3n, b: null }, { c: "x" }], ["a", "b"]],
  ["items of lists and members of structs", [{ ids: [1, [2n]], place: { x: 1n, "y z": [{ w: 1n }] } }], ["ids[][]", "place.x", "place.y z[].w"]],
  ["none in other numbers", [{ a: 1, b: 1.5, at: new Date(), bytes: new Uint8Array(2) }], []],
  ["none in what is no rows", [1n, 2n], []],
  ["none in what is no array", { a: 1n }, []],
  ["none in no rows", [], []],
])("finds %s", (_, value, columns) => expect(bigintColumns(value)).toEqual(columns));

it("lies in the record of rows, and in that of each partition", async () => {
  const fake = fakeProject({ a: { run: () => [{ id: 1n, n: 1 }] }, b: { run: () => [{ n: 1 }] } });
  await materialize(fake, "*");
  expect(fake.manager.values.get("a")?.record).toMatchObject({ bigints: ["id"] });
  expect(fake.manager.values.get("b")?.record).not.toHaveProperty("bigints");
});
