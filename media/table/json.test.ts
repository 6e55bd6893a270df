import fc from "fast-check";
import { expect, test } from "vitest";
import { type JsonNode, parseJson } from "./json.ts";

const plain = (node: JsonNode): unknown => {
  switch (node.type) {
    case "list":
      return node.items.map(plain);
    case "object":
      return Object.fromEntries(node.entries.map(([name, value]) => [name, plain(value)]));
    case "text":
      return node.text;
    default:
      return JSON.parse(node.text);
  }
};

test("reads whatever JSON lists and objects there are", () => {
  const nested = fc.jsonValue().filter((value) => typeof value === "object" && value !== null && !JSON.stringify(value).includes("__proto__"));
  fc.assert(
    fc.property(nested, fc.constantFrom(0, 2), (value, indent) => {
      const node = parseJson(JSON.stringify(value, null, indent));
      expect(node && plain(node)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("keeps every digit of a number", () => {
  expect(parseJson("[9223372036854775807, 1.10]")).toEqual({
    type: "list",
    items: [
      { type: "number", text: "9223372036854775807" },
      { type: "number", text: "1.10" },
    ],
  });
});

test("reads what stores write beyond JSON: numbers that are none, and maps with such keys", () => {
  const node = parseJson('{1: [NaN, -Infinity], 9223372036854775807: "x"}');
  expect(node).toEqual({
    type: "object",
    entries: [
      ["1", { type: "list", items: [word("NaN"), word("-Infinity")] }],
      ["9223372036854775807", { type: "text", text: "x" }],
    ],
  });
});
const word = (text: string): JsonNode => ({ type: "word", text });

test("what is no list or object is not a tree", () => {
  for (const text of ["", "12", '"a"', "{a: 1}", "[1,]", "[1] x", '{"a" 1}', '["\\x"]', "[".repeat(5000)]) expect(parseJson(text)).toBeUndefined();
});
