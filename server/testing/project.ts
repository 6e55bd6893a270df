import { parseFacts } from "../index/parse.ts";
import { isSource } from "../index/paths.ts";
import { createWorkspace, type Workspace } from "../index/workspace.ts";
import { type MemoryDisk, memoryDisk } from "./memory-disk.ts";

export const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["**/*.ts"], targets: { local: {}, prod: { protected: true } }, defaultTarget: "local" });
`;

export interface TestProject {
  readonly workspace: Workspace;
  readonly disk: MemoryDisk;
  /** Path in the project's folder. */
  readonly at: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly remove: (name: string) => void;
}

/** A workspace over files in memory, given by their path in `/project`, with a config unless the files bring one. */
export function testProject(files: Readonly<Record<string, string>>): TestProject {
  const at = (name: string) => `/project/${name}`;
  const all = Object.hasOwn(files, "sluice.config.ts") ? files : { "sluice.config.ts": config, ...files };
  const disk = memoryDisk(Object.fromEntries(Object.entries(all).map(([name, text]) => [at(name), text])));
  const workspace = createWorkspace({ disk, load: (path) => parseFacts(path, disk.readText(path) ?? "") });
  const sources = disk.paths().filter(isSource);
  workspace.collect({ added: sources });
  workspace.collect({ facts: new Map(sources.map((path) => [path, parseFacts(path, disk.readText(path)!)])) });
  workspace.linkPending(() => false);
  return {
    workspace,
    disk,
    at,
    write: (name, text) => {
      const path = at(name);
      disk.write(path, text);
      workspace.update(
        isSource(path) ? { added: [path], facts: new Map([[path, parseFacts(path, text, workspace.lastGood(path))]]) } : { settings: true },
      );
    },
    remove: (name) => {
      disk.remove(at(name));
      workspace.update({ removed: [at(name)] });
    },
  };
}

/** Who reads whom, by key or name: `{ "b": ["a"] }`. What does not resolve stands as `?text`. */
export function edgesOf(workspace: Workspace): Readonly<Record<string, readonly string[]>> {
  const name = (id: string) => workspace.nodes.get(id)!.key ?? id.slice(id.indexOf("#") + 1);
  const edges = [...workspace.nodes.values()].map(
    (node) => [name(node.id), workspace.edges(node).map(({ ref, target }) => (target === undefined ? `?${ref.text}` : name(target)))] as const,
  );
  return Object.fromEntries(edges.sort(([a], [b]) => (a < b ? -1 : 1)));
}
