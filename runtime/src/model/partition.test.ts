import fc from "fast-check";
import { expect, test } from "vitest";
import { joinKey, splitKey } from "./partition.ts";

const dimensions = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true });

test("a key of several dimensions gives its parts back, whatever they hold", () => {
  fc.assert(
    fc.property(dimensions, (keys) => {
      expect({ ...splitKey(joinKey(keys)) }).toEqual({ ...keys });
    }),
  );
});
test("the order in which dimensions are written does not matter", () => {
  expect(joinKey({ region: "eu|x", date: "2026-01-01" })).toBe("date=2026-01-01|region=eu%7Cx");
  expect(splitKey("region=eu|date=2026-01-01")).toEqual(splitKey("date=2026-01-01|region=eu"));
});
test("a text that is no such key is told from one", () => {
  expect(splitKey("2026-01-01")).toBeUndefined();
  expect(splitKey("a=1|a=2")).toBeUndefined();
  expect(splitKey("a=1=2")).toBeUndefined();
});
