import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { firstFile, projectFiles } from "./files.ts";
import { hasTypeRoots, typeRootsInsertion } from "./tsconfig.ts";
import { typesVersion, writeTypes } from "./types.ts";
import { writeNewFiles } from "./write.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-new-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const read = (path: string) => readFileSync(join(folder, path), "utf8");

describe("a new project", () => {
  it("has its config, its assets, its data and what the editor needs", async () => {
    const written = await writeNewFiles(folder, projectFiles);
    expect(written).toEqual(["sluice.config.ts", "assets/sales.ts", "data/raw_sales.csv", "tsconfig.json", ".gitignore"]);
    expect(written).toContain(firstFile);
    expect(JSON.parse(read("tsconfig.json"))).toMatchObject({
      compilerOptions: { typeRoots: ["./.sluice/types", "./node_modules/@types"], types: ["node"], skipLibCheck: true, isolatedModules: true },
    });
  });

  it("overwrites nothing", async () => {
    writeFileSync(join(folder, "tsconfig.json"), "mine");
    const written = await writeNewFiles(folder, projectFiles);
    expect(written).not.toContain("tsconfig.json");
    expect(read("tsconfig.json")).toBe("mine");
    expect(await writeNewFiles(folder, projectFiles)).toEqual([]);
  });
});

describe("the types of a project without an install", () => {
  let from: string;
  beforeEach(() => {
    from = join(folder, "extension-types");
    mkdirSync(join(from, "sluice"), { recursive: true });
    writeFileSync(join(from, "sluice/index.d.ts"), "export {};");
  });
  const write = (version: string, force = false) => writeTypes({ project: folder, from, version, force });

  it("lie where typeRoots looks, and git does not see them", async () => {
    expect(await typesVersion(folder)).toBeUndefined();
    expect(await write("1.0.0")).toBe(true);
    expect(read(".sluice/types/sluice/index.d.ts")).toBe("export {};");
    expect(read(".sluice/.gitignore")).toBe("*\n");
    expect(await typesVersion(folder)).toBe("1.0.0");
  });

  it("are written again only for another version", async () => {
    await write("1.0.0");
    writeFileSync(join(from, "sluice/index.d.ts"), "export const next: 1;");
    expect(await write("1.0.0")).toBe(false);
    expect(read(".sluice/types/sluice/index.d.ts")).toBe("export {};");
    expect(await write("1.1.0")).toBe(true);
    expect(read(".sluice/types/sluice/index.d.ts")).toBe("export const next: 1;");
    expect(await write("1.1.0", true)).toBe(true);
    expect(readdirSync(join(folder, ".sluice")).sort()).toEqual([".gitignore", "types"]);
  });

  it("leave no half-written folder behind: what an earlier attempt left is removed", async () => {
    mkdirSync(join(folder, ".sluice/types.new-dead/sluice"), { recursive: true });
    await write("1.0.0");
    expect(readdirSync(join(folder, ".sluice")).sort()).toEqual([".gitignore", "types"]);
  });
});

describe("an existing tsconfig.json", () => {
  const insert = (text: string) => {
    const change = typeRootsInsertion(text);
    return change && text.slice(0, change.offset) + change.text + text.slice(change.offset);
  };
  it("is left alone when it names type roots, outside of comments", () => {
    expect(hasTypeRoots('{ "compilerOptions": { "typeRoots": ["x"] } }')).toBe(true);
    expect(hasTypeRoots('{ "compilerOptions": { /* "typeRoots": [] */ } }')).toBe(false);
  });
  it.each([
    ['{ "compilerOptions": { "strict": true } }', { strict: true }],
    ["{}", {}],
    ['{ "compilerOptions": {} }', {}],
    ['{ "files": [] }', {}],
  ])("gets them, and keeps the rest: %s", (text, options) => {
    expect(JSON.parse(insert(text) ?? "")).toMatchObject({
      compilerOptions: { ...options, typeRoots: ["./.sluice/types", "./node_modules/@types"], types: ["node"] },
    });
  });
  it("keeps its own types and its comments", () => {
    const text = '{\n  // "compilerOptions": {\n  "compilerOptions": {\n    "types": ["mocha"], // these\n  }\n}';
    const changed = insert(text) ?? "";
    expect(changed).toContain('"types": ["mocha"], // these');
    expect(changed.match(/"types"/g)).toHaveLength(1);
    expect(changed.indexOf("typeRoots")).toBeGreaterThan(changed.lastIndexOf('"compilerOptions"'));
  });
  it("that is no JSON object is not touched", () => expect(typeRootsInsertion("")).toBeUndefined());
});
