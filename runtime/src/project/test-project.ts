import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** A project in a temporary folder, for tests. */
export interface TestProject {
  readonly root: string;
  readonly file: (name: string) => string;
  /** Writes files by name; the content of each changes its modification time too. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
  readonly remove: (name: string) => void;
  readonly dispose: () => void;
}

let writes = 0;

/** The sources of this package, as copies that an embedding program would bring. */
export const sourceModules = {
  sluice: fileURLToPath(new URL("../index.ts", import.meta.url)),
  "sluice/duckdb": fileURLToPath(new URL("../duckdb.ts", import.meta.url)),
  "sluice/polars": fileURLToPath(new URL("../polars.ts", import.meta.url)),
};

/** What a child process of a test gets of the environment; compiled sources are shared between them. */
export const testEnvironment: Readonly<Record<string, string | undefined>> = {
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  NODE_COMPILE_CACHE: path.join(tmpdir(), "sluice-test-compile-cache"),
};

/** `import()` of Node itself, which the test runner would otherwise replace by its own. */
export const nativeImport = createRequire(import.meta.url)("./native-import.cjs") as (url: string) => Promise<object>;

/** Makes a project with the files given. */
export function makeProject(files: Readonly<Record<string, string>>): TestProject {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-project-")));
  const project: TestProject = {
    root,
    file: (name) => path.join(root, name),
    write(more) {
      for (const [name, text] of Object.entries(more)) {
        const file = path.join(root, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, text);
        const at = new Date(1_700_000_000_000 + 1000 * writes++);
        utimesSync(file, at, at);
      }
    },
    remove: (name) => rmSync(path.join(root, name), { recursive: true }),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  project.write(files);
  return project;
}

/** A stand-in for `sluice` with the definitions that loading needs, as an installed package. */
export const stubPackage: Readonly<Record<string, string>> = {
  "node_modules/sluice/package.json": JSON.stringify({
    name: "sluice",
    version: "0.1.0",
    type: "module",
    exports: { ".": "./index.js", "./package.json": "./package.json" },
  }),
  "node_modules/sluice/index.js": `
const kind = Symbol.for("sluice.kind");
export const asset = (key, spec) => {
  const definition = { [kind]: "asset", key, assetKind: "asset", kinds: [], tags: {}, owners: [], ioManager: "ioManager", write: "replace", schemaChange: "evolve", optional: false,
    ...(spec.codeVersion ? { codeVersion: spec.codeVersion } : {}),
    step: { id: key, outputs: {}, inputs: Object.fromEntries(Object.entries(spec.inputs ?? {}).map(([name, upstream]) => [name, { [kind]: "input", upstream, allowMissingPartitions: false, merged: false }])), deps: spec.deps ?? [], resources: {}, params: {}, subset: false, run: spec.run } };
  definition.step.outputs[""] = definition;
  return definition;
};
export const assets = (prefix, spec) => Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, asset(prefix + "/" + name, spec)]));
export const output = () => ({});
export const defineConfig = (config) => ({ [kind]: "config", ...config });
`,
};

/** A config for the stand-in. */
export const stubConfig = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*"], targets: { local: { protected: false, bindings: {} } }, defaultTarget: "local" });
`;
