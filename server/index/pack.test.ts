import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/random.ts";
import { pack, unpack } from "./pack.ts";
import { parseFacts } from "./parse.ts";
import { createReverse } from "./reverse.ts";

const text = `import { asset as a, assets, output, source, assetCheck, ioManagerKey, defineConfig, staticPartitions, sql } from "sluice";
import d, * as ns from "./x";
import { d2 } from "./x";
export * from "./y";
export * as z from "./y";
export { d as e } from "./w";
export { ns as again };
export const wh = ioManagerKey()("warehouse");
export const one = a("one", { group: "g", description: "é😀", ioManager: wh, inputs: { x: ns.x, "in quotes": d, f: f(), m: a("", {}) }, deps: ["k", ns.y] });
export const { l, r: other } = assets("s", { inputs: { one }, outputs: { l: output(), r: output() }, run: () => ({}) });
export const dynamic = a(name(), { partitions: regions, resources: { wh }, table: { schema: "s" }, inputs: { one }, run: ({ two }) => 1 });
export const regions = staticPartitions(["eu"], { column: "r" });
assetCheck(one.as(sql), { name: "c" });
const alias = ns.x;
export default defineConfig({ assets: ["a"], targets: { local: { ioManager: f() } }, defaultTarget: "local" });
`;

describe("packed facts", () => {
  it.each([
    ["of every kind of definition", text],
    ["of a half-typed file", `${text}\nexport const x = a("x`],
    ["of nothing", ""],
  ])("%s come out as they went in", (_, source) => {
    const facts = parseFacts("/project/a.ts", source, parseFacts("/project/a.ts", text));
    expect(unpack(pack(facts))).toEqual(facts);
  });

  it("are a small part of the objects' text", () => {
    const plain = ["b", "c", "d"].map((key) => `export const ${key} = a("${key}", { inputs: { one }, deps: ["k"], run: ({ one }) => [] });\n`);
    const facts = parseFacts("/project/a.ts", `import { asset as a } from "sluice";\n${plain.join("")}`);
    expect(pack(facts).length).toBeLessThan(JSON.stringify(facts).length / 2);
  });
});

describe("who holds what", () => {
  it("is the same from both ends after any series of changes", () => {
    const random = createRandom(5);
    const reverse = createReverse();
    const truth = new Map<string, Set<string>>();
    for (let step = 0; step < 2000; step++) {
      const holder = `h${random.below(20)}`;
      if (random.below(4) === 0) {
        reverse.drop(holder);
        truth.delete(holder);
      } else {
        const held = new Set(Array.from({ length: random.below(6) }, () => `x${random.below(15)}`));
        reverse.set(holder, held);
        truth.set(holder, held);
      }
      const wanted = `x${random.below(15)}`;
      expect([...reverse.holders(wanted)].sort()).toEqual(
        [...truth]
          .filter(([, held]) => held.has(wanted))
          .map(([each]) => each)
          .sort(),
      );
    }
  });
});
