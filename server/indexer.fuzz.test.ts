import { describe, expect, it } from "vitest";
import { createDocuments } from "./documents.ts";
import { readFacts } from "./index/files.ts";
import { uriOfPath } from "./index/paths.ts";
import { createWorkspace, type Workspace } from "./index/workspace.ts";
import { createIndexer } from "./indexer.ts";
import { breathe } from "./pace.ts";
import { type MemoryDisk, memoryDisk } from "./testing/memory-disk.ts";
import { createRandom, type Random } from "./testing/random.ts";

/** An index over a disk in memory, as a session has it. */
function session(disk: MemoryDisk) {
  const documents = createDocuments();
  const workspace = createWorkspace({
    disk,
    load: (path) => (documents.get(path) ? documents.facts(path, undefined, true) : readFacts(path, disk, { always: true })),
  });
  return { documents, workspace, indexer: createIndexer({ workspace, documents, disk, onChange: () => {}, slice: 0 }) };
}

/** Everything that readers of the index can see. */
function visible(workspace: Workspace) {
  const assets = [...workspace.nodes.values()].map(({ id, member, targets, bound }) => ({
    asset: workspace.describe(id) ?? id,
    member,
    targets,
    bound,
    downstream: [...workspace.downstream(id)].sort(),
  }));
  return {
    projects: workspace.projects(),
    assets: assets.sort((a, b) => (JSON.stringify(a.asset) < JSON.stringify(b.asset) ? -1 : 1)),
    duplicates: [...workspace.keys.duplicates()].map((ids) => [...ids]).sort(),
    cyclic: [...workspace.cycles().keys()].sort(),
    suspects: [...workspace.suspects()].sort(),
  };
}

const folders = ["", "a/", "a/b/", "lib/"];
const names = ["one", "two", "three", "index"];
const pathsOf = (root: string) => folders.flatMap((folder) => names.map((name) => `${root}/${folder}${name}.ts`));

function moduleText(random: Random, parses: boolean): string {
  const specs = ["./one", "./two.ts", "./three.js", ".", "..", "../lib", "../a/b/two", "@lib/one", "@lib", "./a", "./lib/index"];
  const name = () => random.pick(["p", "q", "r", "s"]);
  const lines = [
    'import { asset, assets as many, output, ioManagerKey, resourceKey, dailyPartitions } from "sluice";',
    'import * as sluice from "sluice";',
  ];
  const locals = ["own"];
  for (let count = random.below(3); count > 0; count--) {
    const local = `i${count}`;
    locals.push(local, `${local}.p`, `${local}.q`);
    lines.push(
      random.below(2) === 0 ? `import * as ${local} from "${random.pick(specs)}";` : `import { ${name()} as ${local} } from "${random.pick(specs)}";`,
    );
  }
  const refs = () => Array.from({ length: random.below(3) }, (_, index) => `x${index}: ${random.pick(locals)}`).join(", ");
  const deps = () => Array.from({ length: random.below(2) }, () => `"k${random.below(8)}"`).join(", ");
  const taken = new Set<string>();
  for (let count = random.below(4); count > 0; count--) {
    const local = name();
    if (taken.has(local)) continue;
    taken.add(local);
    locals.push(local);
    const exported = random.below(5) > 0 ? "export " : "";
    const spec = `{ inputs: { ${refs()} }, deps: [${deps()}], resources: { r: ${random.pick(locals)} }, partitions: ${random.pick(locals)}, ioManager: ${random.pick(locals)}, run: () => ${random.below(100)} }`;
    lines.push(
      random.pick([
        `${exported}const ${local} = asset("k${random.below(8)}", ${spec});`,
        `${exported}const ${local} = sluice.asset("k${random.below(8)}", ${spec});`,
        `${exported}const ${local} = many("m${random.below(3)}", { outputs: { p: output(), q: output() }, inputs: { ${refs()} }, run: () => ({}) });`,
        `${exported}const ${local} = ${random.pick(locals)};`,
        `${exported}const ${local} = ${random.pick(["ioManagerKey", "resourceKey"])}()("${local}");`,
        `${exported}const ${local} = dailyPartitions({ start: "2026-01-0${1 + random.below(9)}" });`,
      ]),
    );
  }
  lines.push(
    random.pick([
      "",
      `export * from "${random.pick(specs)}";`,
      `export { ${name()} } from "${random.pick(specs)}";`,
      `export * as ${name()}2 from "${random.pick(specs)}";`,
    ]),
  );
  if (!parses) lines.push(random.pick(["export const broken = asset(", "const x = {", "`", "import { "]));
  const text = lines.join("\n");
  return random.below(8) === 0 ? text.replaceAll("sluice", "other") : text;
}

const config = (random: Random) =>
  `import { defineConfig } from "sluice";\nexport default defineConfig({ assets: ["${random.pick(["**/*.ts", "a/**/*.ts", "{lib,a}/*.ts"])}"], targets: { t${random.below(3)}: {} } });\n`;
const tsconfig = (random: Random) => random.pick(["{}", '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "@lib": ["./lib/index"] } } }']);

describe("the index after any series of changes", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("equals one built from scratch (seed %i)", async (seed) => {
    const random = createRandom(seed);
    const roots = ["/work", "/other"];
    const disk = memoryDisk({ "/work/sluice.config.ts": config(random), "/work/tsconfig.json": tsconfig(random) });
    const all = roots.flatMap(pathsOf);
    for (const path of all) if (random.below(2) === 0) disk.write(path, moduleText(random, true));
    const { documents, workspace, indexer } = session(disk);
    await indexer.addFolders(["/work"]);
    const inFolders = new Set(["/work"]);
    let version = 1;

    const tell = (path: string, type: "created" | "changed" | "deleted") => indexer.diskChanged([{ path, type }]);
    const write = (path: string, text: string) => {
      const type = disk.isFile(path) ? "changed" : "created";
      disk.write(path, text);
      tell(path, type);
    };
    const edit = (path: string) => {
      const uri = uriOfPath(path);
      if (!documents.get(path)) documents.open(uri, version++, disk.readText(path) ?? "");
      documents.change(uri, version++, [{ text: moduleText(random, random.below(4) > 0) }]);
      if (random.below(2) === 0) indexer.flush();
    };
    const close = (path: string) => {
      if (documents.close(uriOfPath(path)) !== undefined) indexer.documentClosed(path);
    };
    const steps: readonly (() => unknown)[] = [
      () => edit(random.pick(all)),
      () => edit(random.pick(all)),
      () => close(random.pick(all)),
      () => write(random.pick(all), moduleText(random, random.below(6) > 0)),
      () => {
        const path = random.pick(all);
        disk.remove(path);
        tell(path, "deleted");
      },
      () => {
        const [from, to] = [random.pick(all), random.pick(all)];
        const text = disk.readText(from);
        if (text === undefined) return;
        disk.remove(from);
        disk.write(to, text);
        indexer.diskChanged([
          { path: from, type: "deleted" },
          { path: to, type: "created" },
        ]);
      },
      () => {
        const folder = `/work/${random.pick(["a", "a/b", "lib"])}`;
        for (const path of disk.paths()) if (path.startsWith(`${folder}/`)) disk.remove(path);
        tell(folder, "deleted");
      },
      () => write(`/work/${random.pick(["", "a/", "lib/"])}sluice.config.ts`, config(random)),
      () => {
        const path = `/work/${random.pick(["", "a/"])}sluice.config.ts`;
        disk.remove(path);
        tell(path, "deleted");
      },
      () => write("/work/tsconfig.json", tsconfig(random)),
      () => {
        if (inFolders.delete("/other")) indexer.removeFolders(["/other"]);
        else {
          inFolders.add("/other");
          return random.below(2) === 0 ? indexer.addFolders(["/other"]) : void indexer.addFolders(["/other"]);
        }
      },
      () => indexer.rescan(),
      () => void indexer.rescan(),
      breathe,
    ];

    let compared = 0;
    for (let round = 0; round < 40; round++) {
      for (let count = 1 + random.below(8); count > 0; count--) await random.pick(steps)();
      // What a half-typed file shows depends on what it was before: all texts are made whole before the comparison.
      indexer.flush();
      for (const path of [...workspace.files]) {
        if (workspace.facts(path)?.parses !== false) continue;
        if (documents.get(path)) documents.change(uriOfPath(path), version++, [{ text: moduleText(random, true) }]);
        else write(path, moduleText(random, true));
      }
      indexer.flush();
      await indexer.rescan();

      const scratch = session(disk);
      for (const path of documents.paths()) scratch.documents.open(uriOfPath(path), 1, documents.text(path)!);
      await scratch.indexer.addFolders([...inFolders]);
      scratch.indexer.flush();
      expect(visible(workspace)).toEqual(visible(scratch.workspace));
      compared += visible(workspace).assets.length;
    }
    expect(compared).toBeGreaterThan(50);
  });
});
