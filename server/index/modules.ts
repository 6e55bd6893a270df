import { packageName } from "./bindings.ts";
import { folderOf, isSource, joinPath } from "./paths.ts";
import { ts } from "./typescript.ts";

/** What module resolution sees of the world outside the index. */
export interface ModuleDisk {
  readonly readText: (path: string) => string | undefined;
  readonly isFile: (path: string) => boolean;
  readonly isFolder: (path: string) => boolean;
  readonly realPath: (path: string) => string;
}

export interface Modules {
  /**
   * The source file that a module specifier means; `undefined` for packages and what does not exist. Every path whose coming or going
   * could change the answer is added to `seen`, and `settings` when the answer hangs on tsconfig.json or package.json.
   */
  readonly resolve: (spec: string, from: string, seen: Set<string>) => string | undefined;
  /** To be called when files came or went, or a setting changed. */
  readonly forget: () => void;
}
/** Stands in `seen` for every tsconfig.json and package.json. */
export const settings = "*settings*";

const replacements: readonly (readonly [extension: RegExp, instead: readonly string[]])[] = [
  [/\.js$/, [".ts", ".tsx", ".js", ".jsx"]],
  [/\.mjs$/, [".mts", ".mjs"]],
  [/\.cjs$/, [".cts", ".cjs"]],
  [/\.jsx$/, [".tsx", ".jsx"]],
];
const extensions = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

function* candidates(base: string): Generator<string> {
  for (const [extension, instead] of replacements) {
    if (extension.test(base)) {
      const stem = base.replace(extension, "");
      for (const other of instead) yield stem + other;
      return;
    }
  }
  if (isSource(base)) {
    yield base;
    return;
  }
  for (const extension of extensions) yield base + extension;
  for (const extension of extensions) yield `${base}/index${extension}`;
}

/** Resolves relative specifiers against the index's own list of files, all others as TypeScript does. */
export function createModules(hasFile: (path: string) => boolean, disk: ModuleDisk): Modules {
  let configs = new Map<string, readonly ts.CompilerOptions[]>();
  let answers = new Map<string, { readonly path: string | undefined; readonly seen: readonly string[] }>();
  const host: ts.ModuleResolutionHost = {
    fileExists: (path) => hasFile(path) || disk.isFile(path),
    directoryExists: disk.isFolder,
    readFile: disk.readText,
    realpath: disk.realPath,
  };

  const bare = (spec: string, from: string): { readonly path: string | undefined; readonly seen: readonly string[] } => {
    const seen = new Set<string>([settings]);
    for (const options of optionsFor(folderOf(from))) {
      const result = ts.resolveModuleName(spec, from, options, host) as ts.ResolvedModuleWithFailedLookupLocations & {
        readonly failedLookupLocations?: readonly string[];
      };
      for (const path of result.failedLookupLocations ?? []) if (isSource(path) && !path.includes("/node_modules/")) seen.add(path);
      const path = result.resolvedModule?.resolvedFileName;
      if (path === undefined) continue;
      seen.add(path);
      return { path: hasFile(path) ? path : undefined, seen: [...seen] };
    }
    return { path: undefined, seen: [...seen] };
  };

  /** Options of the tsconfig above the folder, or of those that it only refers to. */
  const optionsFor = (folder: string): readonly ts.CompilerOptions[] => {
    const known = configs.get(folder);
    if (known) return known;
    const file = ["tsconfig.json", "jsconfig.json"].map((name) => joinPath(folder, name)).find(disk.isFile);
    const found = file !== undefined ? readOptions(file, disk) : folder === folderOf(folder) ? [defaults] : optionsFor(folderOf(folder));
    configs.set(folder, found);
    return found;
  };

  return {
    resolve: (spec, from, seen) => {
      if (spec.startsWith("./") || spec.startsWith("../") || spec === "." || spec === "..") {
        for (const path of candidates(joinPath(folderOf(from), spec))) {
          seen.add(path);
          if (hasFile(path)) return path;
        }
        return undefined;
      }
      if (spec === packageName || spec.startsWith(`${packageName}/`) || spec.startsWith("node:")) return undefined;
      const question = `${folderOf(from)}\n${spec}`;
      let answer = answers.get(question);
      if (!answer) {
        answer = bare(spec, from);
        answers.set(question, answer);
      }
      for (const path of answer.seen) seen.add(path);
      return answer.path;
    },
    forget: () => {
      configs = new Map();
      answers = new Map();
    },
  };
}

const defaults: ts.CompilerOptions = { moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext, allowJs: true };

function readOptions(file: string, disk: ModuleDisk, depth = 0): readonly ts.CompilerOptions[] {
  const host: ts.ParseConfigHost = {
    useCaseSensitiveFileNames: true,
    fileExists: disk.isFile,
    readFile: disk.readText,
    readDirectory: () => [],
  };
  const read = ts.readConfigFile(file, disk.readText);
  const { options, projectReferences } = ts.parseJsonConfigFileContent(read.config ?? {}, host, folderOf(file), undefined, file);
  const { paths, baseUrl, rootDirs, customConditions, pathsBasePath } = options;
  const own = Object.fromEntries(
    Object.entries({ paths, baseUrl, rootDirs, customConditions, pathsBasePath }).filter(([, value]) => value !== undefined),
  );
  const referred = depth > 0 ? [] : (projectReferences ?? []).map((reference) => ts.resolveProjectReferencePath(reference)).filter(disk.isFile);
  return [{ ...defaults, ...own }, ...referred.flatMap((path) => readOptions(path, disk, depth + 1))];
}
