import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { edgesOf } from "../testing/project.ts";
import { nodeDisk, readFacts, walk } from "./files.ts";
import { isSource } from "./paths.ts";
import { createWorkspace } from "./workspace.ts";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-files-")));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, content: string | Buffer = "") => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), content);
};
const link = (target: string, name: string) => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  symlinkSync(target, path.join(root, name));
};
const walked = () => [...walk(root, nodeDisk)].flat().map((file) => file.slice(root.length + 1));

describe("walking a folder", () => {
  it("finds sources and module settings, and leaves out packages, output, hidden folders and declarations", () => {
    for (const name of ["a.ts", "b/c.mts", "b/d.jsx", "tsconfig.json", "b/package.json"]) write(name);
    for (const name of ["x.d.ts", "data.json", "node_modules/p/a.ts", "dist/a.ts", ".git/a.ts", ".sluice/a.ts", "b/node_modules/a.ts"]) write(name);
    expect(walked().sort()).toEqual(["a.ts", "b/c.mts", "b/d.jsx", "b/package.json", "tsconfig.json"]);
  });

  it("does not go in circles along links, and follows links to files", () => {
    write("real.ts");
    mkdirSync(path.join(root, "a"));
    link(root, "a/up");
    link(path.join(root, "a"), "loop");
    link(path.join(root, "real.ts"), "a/linked.ts");
    link(path.join(root, "missing.ts"), "dangling.ts");
    expect(walked().sort()).toEqual(["a/linked.ts", "real.ts"]);
  });

  it("passes over what cannot be read", () => {
    write("a.ts");
    write("closed/b.ts");
    chmodSync(path.join(root, "closed"), 0o000);
    try {
      expect(walked()).toContain("a.ts");
    } finally {
      chmodSync(path.join(root, "closed"), 0o700);
    }
    expect([...walk(path.join(root, "nowhere"), nodeDisk)].flat()).toEqual([]);
  });
});

describe("reading a file", () => {
  const definition = 'import { asset } from "sluice";\nexport const a = asset("a", {});\n';
  const facts = (name: string) => readFacts(path.join(root, name), nodeDisk);

  it("gives facts only where the package is named", () => {
    write("a.ts", definition);
    write("bom.ts", `\uFEFF${definition}`);
    write("plain.ts", "export const x = 1;\n");
    expect(facts("a.ts")?.assets).toHaveLength(1);
    expect(facts("bom.ts")?.assets[0]?.span[0]).toBe(definition.indexOf("export"));
    expect(facts("plain.ts")).toBeUndefined();
  });

  it("takes no harm from what is gone, huge or no text", () => {
    write("huge.ts", definition + " ".repeat(2_100_000));
    write("video.ts", Buffer.concat([Buffer.from([0x47, 0, 0xff, 0xfe]), Buffer.from("sluice"), Buffer.alloc(1000, 0xf0)]));
    expect(facts("gone.ts")).toBeUndefined();
    expect(facts("huge.ts")).toBeUndefined();
    expect(facts("video.ts")?.assets).toEqual([]);
    expect(facts(".")).toBeUndefined();
  });
});

describe("packages of a monorepo", () => {
  it("are followed into their sources, through the links that the package manager makes", () => {
    const head = 'import { asset } from "sluice";\n';
    write("packages/shared/package.json", '{ "name": "@org/shared", "exports": { ".": "./src/index.ts", "./deep": "./src/deep.ts" } }');
    write("packages/shared/src/index.ts", 'export * from "./deep.ts";\n');
    write("packages/shared/src/deep.ts", `${head}export const base = asset("base", {});\n`);
    link(path.join(root, "packages/shared"), "packages/app/node_modules/@org/shared");
    write("packages/app/tsconfig.json", '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }');
    write("packages/app/tsconfig.app.json", '{ "compilerOptions": { "composite": true, "paths": { "~/*": ["./lib/*"] } } }');
    write("packages/app/lib/own.ts", `${head}export const own = asset("own", {});\n`);
    write(
      "packages/app/a.ts",
      `${head}import { base } from "@org/shared";\nimport { base as same } from "@org/shared/deep";\nimport { own } from "~/own";\nexport const a = asset("a", { inputs: { base, same, own } });\n`,
    );
    const workspace = createWorkspace({ disk: nodeDisk, load: (file) => readFacts(file, nodeDisk, { always: true }) });
    const sources = [...walk(root, nodeDisk)].flat().filter(isSource);
    workspace.collect({
      added: sources,
      facts: new Map(sources.flatMap((file) => (readFacts(file, nodeDisk) ? [[file, readFacts(file, nodeDisk)!]] : []))),
    });
    workspace.linkPending(() => false);
    expect(edgesOf(workspace)["a"]).toEqual(["base", "base", "own"]);
  });
});
