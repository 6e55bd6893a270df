import type { IndexedProject } from "../../runtime/src/model/graph.ts";
import type { ConfigFact } from "./facts.ts";
import { assetPatterns } from "./glob.ts";
import { folderOf, joinPath, uriOfPath } from "./paths.ts";

/** Folders with a `sluice.config.ts`. A change gives the folder whose files are concerned, or false. */
export interface Projects {
  /** Folder of the nearest project above a file; "" where there is none. */
  readonly of: (path: string) => string;
  /** True where the config's patterns take the file in; also where there is no config, or it computes them. */
  readonly covers: (path: string) => boolean;
  readonly add: (configPath: string) => string | false;
  readonly remove: (configPath: string) => string | false;
  /** Takes what a config file says; any other file is no change. */
  readonly configure: (path: string, config: ConfigFact | undefined) => string | false;
  /** The config file of a project that counts, and what its syntax shows. */
  readonly configOf: (folder: string) => { readonly path: string; readonly config: ConfigFact } | undefined;
  readonly list: () => readonly IndexedProject[];
}

const extensions = [".ts", ".mts", ".js", ".mjs"];

interface Project {
  readonly configPaths: Set<string>;
  readonly facts: Map<string, ConfigFact>;
}

export function createProjects(): Projects {
  const projects = new Map<string, Project>();
  let nearest = new Map<string, string>();
  let patterns = new Map<string, (relative: string) => boolean>();

  const of = (folder: string): string => {
    const known = nearest.get(folder);
    if (known !== undefined) return known;
    const above = folderOf(folder);
    const found = projects.has(folder) ? folder : above === folder ? "" : of(above);
    nearest.set(folder, found);
    return found;
  };
  const configPath = (folder: string): string | undefined => {
    const paths = projects.get(folder)?.configPaths;
    return extensions.map((extension) => joinPath(folder, `sluice.config${extension}`)).find((path) => paths?.has(path));
  };
  const configOf = (folder: string): ConfigFact | undefined => {
    const path = configPath(folder);
    return path === undefined ? undefined : projects.get(folder)?.facts.get(path);
  };
  const changed = (folder: string) => {
    nearest = new Map();
    patterns = new Map();
    return folder;
  };
  const covers = (path: string): boolean => {
    const folder = of(folderOf(path));
    let matches = patterns.get(folder);
    if (!matches) {
      const globs = configOf(folder)?.assets;
      matches = globs ? assetPatterns(globs) : () => true;
      patterns.set(folder, matches);
    }
    return matches(path.slice(folder.length + 1));
  };
  return {
    of: (path) => of(folderOf(path)),
    covers,
    add: (path) => {
      const folder = folderOf(path);
      const project = projects.get(folder) ?? { configPaths: new Set(), facts: new Map() };
      projects.set(folder, project);
      project.configPaths.add(path);
      return changed(folder);
    },
    remove: (path) => {
      const folder = folderOf(path);
      const project = projects.get(folder);
      if (!project) return false;
      project.configPaths.delete(path);
      project.facts.delete(path);
      if (project.configPaths.size === 0) projects.delete(folder);
      return changed(folder);
    },
    configure: (path, config) => {
      const folder = folderOf(path);
      const facts = projects.get(folder)?.configPaths.has(path) ? projects.get(folder)!.facts : undefined;
      if (!facts || JSON.stringify(facts.get(path)) === JSON.stringify(config)) return false;
      const before = JSON.stringify(configOf(folder)?.assets);
      if (config) facts.set(path, config);
      else facts.delete(path);
      return JSON.stringify(configOf(folder)?.assets) === before ? false : changed(folder);
    },
    configOf: (folder) => {
      const [path, config] = [configPath(folder), configOf(folder)];
      return path === undefined || !config ? undefined : { path, config };
    },
    list: () =>
      [...projects.keys()].sort().map((folder): IndexedProject => {
        const config = configOf(folder);
        return {
          uri: uriOfPath(folder),
          configUri: uriOfPath(configPath(folder)!),
          targets: config?.targets ?? [],
          ...(config?.defaultTarget === undefined ? {} : { defaultTarget: config.defaultTarget }),
        };
      }),
  };
}
