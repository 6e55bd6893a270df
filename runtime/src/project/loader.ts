import { readFileSync, statSync } from "node:fs";
import module, { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type FileFacts, hashOf } from "./facts.ts";
import { fileOf, isRelative, type ProjectTsconfig, resolveSource } from "./resolver.ts";
import { createTranspiler, dataFacts } from "./transpile.ts";

const isTypeScript = (file: string): boolean => /\.[cm]?tsx?$/.test(file);

export interface LoaderOptions {
  /** Project folder, absolute and real. */
  readonly root: string;
  /** As it is now. */
  readonly tsconfig: () => ProjectTsconfig;
  readonly typescript?: string | undefined;
  readonly importModule?: (url: string) => Promise<object>;
}

/** Loads the modules of a project as they are, and again after they changed. */
export interface Loader {
  /** The module's exports, of its newest generation. Throws what loading threw. */
  readonly load: (file: string) => Promise<object>;
  /** Loaded files whose content is another now, or gone. */
  readonly changed: () => readonly string[];
  /** Gives the files, and everything that imports them, a new generation; answers with all of them. */
  readonly renew: (files: Iterable<string>) => ReadonlySet<string>;
  /** The modules that failed below a file, which a second try must load anew. */
  readonly failing: (file: string) => Promise<readonly string[]>;
  readonly files: () => readonly string[];
  /** What is known of a project file; `undefined` for one that does not parse. */
  readonly facts: (file: string) => FileFacts | undefined;
  readonly contentHash: (file: string) => string | undefined;
  /** The project file that an import in a project file leads to. */
  readonly target: (specifier: string, from: string) => string | undefined;
  /** Files from the first to the last along imports, both included; from a file to itself: a cycle. */
  readonly importPath: (from: string, to: string) => readonly string[] | undefined;
  readonly close: () => void;
}

interface KnownFile {
  readonly mtimeMs: number;
  readonly size: number;
  readonly hash: string;
}

/** Where a module was asked for that could not be found: set on the error by the resolve hook. */
export const importSite = Symbol("sluice.import-site");
export interface ImportSite {
  readonly specifier: string;
  readonly from: string;
}

/** Registers the hooks; they stay until `close`. Source maps are switched on for the process. */
export function createLoader(options: LoaderOptions): Loader {
  const { root, tsconfig, importModule = (url) => import(url) } = options;
  const transpile = createTranspiler({
    cacheFolder: path.join(root, ".sluice", "cache"),
    typescript: options.typescript,
    compilerOptions: () => tsconfig().compilerOptions,
  });
  const requireCache = createRequire(import.meta.url).cache;
  const generations = new Map<string, number>();
  const known = new Map<string, KnownFile>();
  const imports = new Map<string, Map<string, string>>();
  const factsOf = new Map<string, { readonly hash: string; readonly facts: FileFacts | undefined }>();
  /** Files outside the folder that a project file imports as source, as in a monorepo. */
  const adopted = new Set<string>();
  // Not of packages: TypeScript's own nine megabytes would be searched for maps.
  module.setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });

  const isOwn = (file: string): boolean =>
    !file.includes(`${path.sep}node_modules${path.sep}`) && (file.startsWith(root + path.sep) || adopted.has(file));
  const urlOf = (file: string): string => {
    const generation = generations.get(file) ?? 0;
    return pathToFileURL(file).href + (generation === 0 ? "" : `?v=${generation}`);
  };
  const target = (specifier: string, from: string): string | undefined => {
    const file = resolveSource(specifier, from, tsconfig());
    return file?.includes(`${path.sep}node_modules${path.sep}`) ? undefined : file;
  };
  const read = (file: string): string => {
    const { mtimeMs, size } = statSync(file);
    const text = readFileSync(file, "utf8");
    known.set(file, { mtimeMs, size, hash: hashOf(text) });
    return text;
  };

  const hooks = module.registerHooks({
    resolve(specifier, context, next) {
      const from = fileOf(context.parentURL);
      if (!from || !isOwn(from) || specifier.startsWith("node:")) return next(specifier, context);
      const file = target(specifier, from);
      if (file) {
        if (!isOwn(file)) adopted.add(file);
        const edges = imports.get(from) ?? new Map<string, string>();
        imports.set(from, edges.set(specifier, file));
        const data = file.endsWith(".json") ? { format: "json" as const, importAttributes: { type: "json" } } : {};
        return { url: urlOf(file), ...data, shortCircuit: true };
      }
      try {
        return next(specifier, context);
      } catch (error) {
        if (error instanceof Error && !(importSite in error)) Object.assign(error, { [importSite]: { specifier, from } satisfies ImportSite });
        throw error;
      }
    },
    load(url, context, next) {
      const file = fileOf(url);
      if (!file || !isOwn(file)) return next(url, context);
      const text = read(file);
      if (!isTypeScript(file)) return next(url, context);
      const { format, code } = transpile(file, text);
      return { format, source: code, shortCircuit: true };
    },
  });

  const importersOf = (): ReadonlyMap<string, readonly string[]> => {
    const importers = new Map<string, string[]>();
    for (const [from, edges] of imports) for (const file of new Set(edges.values())) importers.set(file, [...(importers.get(file) ?? []), from]);
    return importers;
  };
  const below = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const next of imports.get(file)?.values() ?? []) below(next, seen);
    return seen;
  };

  return {
    load: (file) => importModule(urlOf(file)),
    changed: () =>
      [...known].flatMap(([file, was]) => {
        const now = statSync(file, { throwIfNoEntry: false });
        if (!now) return [file];
        if (now.mtimeMs === was.mtimeMs && now.size === was.size) return [];
        const hash = hashOf(readFileSync(file, "utf8"));
        if (hash !== was.hash) return [file];
        known.set(file, { mtimeMs: now.mtimeMs, size: now.size, hash });
        return [];
      }),
    renew(files) {
      const importers = importersOf();
      const renewed = new Set<string>();
      const waiting = [...files];
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        if (renewed.has(file)) continue;
        renewed.add(file);
        waiting.push(...(importers.get(file) ?? []));
      }
      for (const file of renewed) {
        generations.set(file, (generations.get(file) ?? 0) + 1);
        delete requireCache[file];
        imports.delete(file);
        known.delete(file);
      }
      return renewed;
    },
    async failing(file) {
      const failing: string[] = [];
      for (const each of below(file)) {
        await importModule(urlOf(each)).catch(() => failing.push(each)); // known already: only which ones is asked
      }
      return failing;
    },
    files: () => [...known.keys()],
    facts(file) {
      const before = factsOf.get(file);
      if (before && before.hash === known.get(file)?.hash) return before.facts;
      const text = readText(file);
      if (text === undefined) return undefined;
      const hash = hashOf(text);
      if (before?.hash === hash) return before.facts;
      const facts = readFactsOf(file, text, transpile);
      factsOf.set(file, { hash, facts });
      return facts;
    },
    contentHash(file) {
      const hash = known.get(file)?.hash;
      if (hash !== undefined) return hash;
      const text = readText(file);
      return text === undefined ? undefined : hashOf(text);
    },
    target: (specifier, from) => imports.get(from)?.get(specifier) ?? target(specifier, from),
    importPath(from, to) {
      const cameFrom = new Map<string, string>();
      const waiting = [from];
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        for (const next of imports.get(file)?.values() ?? []) {
          if (cameFrom.has(next)) continue;
          cameFrom.set(next, file);
          if (next === to) return pathTo(cameFrom, from, to);
          waiting.push(next);
        }
      }
      return undefined;
    },
    close: () => hooks.deregister(),
  };
}

function pathTo(cameFrom: ReadonlyMap<string, string>, from: string, to: string): readonly string[] {
  const steps = [to];
  for (let file = cameFrom.get(to); file !== undefined; file = cameFrom.get(file)) {
    steps.unshift(file);
    if (file === from) break;
  }
  return steps;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // gone meanwhile: the next check finds it changed
  }
}

function readFactsOf(file: string, text: string, transpile: ReturnType<typeof createTranspiler>): FileFacts | undefined {
  if (file.endsWith(".json")) return dataFacts(text);
  try {
    return transpile(file, text).facts;
  } catch {
    return undefined; // does not parse: loading it says so
  }
}

/** True for what can only be a package: neither relative nor a URL. */
export const isPackage = (specifier: string): boolean => !isRelative(specifier) && !/^[a-z]+:/.test(specifier);
