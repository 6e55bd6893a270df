import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpack } from "./index/pack.ts";
import { startParser } from "./parser.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-parser-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string) {
  writeFileSync(path.join(folder, name), text);
  return { path: path.join(folder, name), size: text.length };
}

describe("the parser's thread", () => {
  it("gives the facts of each file in the order asked, and none for what defines no asset or is gone", async () => {
    const parser = startParser(path.join(import.meta.dirname, "parse-worker.ts"));
    const asset = (key: string) => `import { asset } from "sluice";\nexport const a = asset("${key}", {});\n`;
    const files = [file("one.ts", asset("one")), file("other.ts", "export const none = 1;\n"), { path: path.join(folder, "gone.ts"), size: 1 }];
    const [first, second] = await Promise.all([parser.parse(files), parser.parse([file("two.ts", asset("two"))])]);
    parser.close();
    expect(first.map((packed) => packed && unpack(packed).assets.map(({ key }) => key))).toEqual([["one"], undefined, undefined]);
    expect(second.map((packed) => packed && unpack(packed).assets.map(({ key }) => key))).toEqual([["two"]]);
  });

  it("refuses what it was asked once it has died, and from then on", async () => {
    writeFileSync(path.join(folder, "broken.mjs"), 'throw new Error("no memory");\n');
    const parser = startParser(path.join(folder, "broken.mjs"));
    await expect(parser.parse([])).rejects.toThrow("no memory");
    await expect(parser.parse([])).rejects.toThrow("no memory");
  });
});
