import { describe, expect, it } from "vitest";
import { createDocuments } from "./documents.ts";
import { parseFacts } from "./index/parse.ts";
import { createRandom } from "./testing/random.ts";

const uri = "file:///project/a.ts";
const path = "/project/a.ts";
const text = `import { asset } from "sluice";\nexport const a = asset("a", {});\nexport const b = asset("b", { deps: ["a"] });\n`;

describe("open documents", () => {
  it("have the facts of their present text after any series of edits, however they are grouped", () => {
    const random = createRandom(3);
    for (let session = 0; session < 15; session++) {
      const documents = createDocuments();
      documents.open(uri, 1, text);
      let lines = text.split("\n");
      for (let version = 2; version < 30; version++) {
        const changes = Array.from({ length: 1 + random.below(3) }, () => {
          const line = random.below(lines.length);
          const other = Math.min(lines.length - 1, line + random.below(2));
          const from = random.below(lines[line]!.length + 1);
          const to = random.below(lines[other]!.length + 1);
          const [start, end] = line === other && to < from ? [to, from] : [from, to];
          const piece = random.pick(["x", "", "\n", '"', "(", "asset(", "{ a: 1 }", "`"]);
          const joined = `${lines[line]!.slice(0, start)}${piece}${lines[other]!.slice(end)}`;
          lines = [...lines.slice(0, line), ...joined.split("\n"), ...lines.slice(other + 1)];
          return { range: { start: { line, character: start }, end: { line: other, character: end } }, text: piece };
        });
        documents.change(uri, version, changes);
        if (random.below(2) === 0) expect(documents.facts(path, undefined, true)).toEqual(parseFacts(path, lines.join("\n")));
      }
      expect(documents.facts(path, undefined, true)).toEqual(parseFacts(path, lines.join("\n")));
    }
  });

  it("are parsed anew after a time in which they did not name the package", () => {
    const documents = createDocuments();
    documents.open(uri, 1, text);
    documents.facts(path, undefined, false);
    documents.change(uri, 2, [{ text: "export const x = 1;" }]);
    expect(documents.facts(path, undefined, false)).toBeUndefined();
    documents.change(uri, 3, [{ range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: "// sluice\n" }]);
    expect(documents.facts(path, undefined, false)).toEqual(parseFacts(path, "// sluice\nexport const x = 1;"));
  });

  it("of other schemes are left alone", () => {
    const documents = createDocuments();
    for (const other of ["untitled:Untitled-1", "git:/project/a.ts?x", "file://host/project/a.ts", "file:///%E0%A4%A", "nonsense", ""]) {
      expect(documents.open(other, 1, text)).toBeUndefined();
    }
    expect([...documents.paths()]).toEqual([]);
  });
});
