import { readFileSync, realpathSync } from "node:fs";
import module, { type ResolveHookContext } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { fileOf } from "./resolver.ts";

/** Copies that come with the program itself, by import specifier, as absolute paths. */
export type EmbeddedModules = Readonly<Record<string, string>>;

/** Packages that user code and the engine must both get from the same place. */
const shared = ["sluice", "apache-arrow"] as const;
export type SharedPackage = (typeof shared)[number];

/** Where a project's copy of a package comes from. */
export interface PackageChoice {
  readonly installed: boolean;
  /** Of the installed copy. */
  readonly version?: string;
  readonly folder?: string;
}

const packageOf = (specifier: string): string => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isShared = (name: string): name is SharedPackage => (shared as readonly string[]).includes(name);

/** Looks for an installed copy from the project's folder upwards, as Node would. */
export function findPackage(root: string, name: string): PackageChoice {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const found = path.join(folder, "node_modules", name);
    try {
      const { version } = JSON.parse(readFileSync(path.join(found, "package.json"), "utf8")) as { version?: string };
      return { installed: true, folder: realpathSync(found), ...(version === undefined ? {} : { version }) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    }
    if (path.dirname(folder) === folder) return { installed: false };
  }
}

export interface PackageHooks {
  readonly choice: (name: SharedPackage) => PackageChoice;
  /** Looks again, for what was installed or removed meanwhile; true when a choice changed. */
  readonly refresh: () => boolean;
  readonly close: () => void;
}

/**
 * Gives `sluice` and `apache-arrow` to every importer in this process: the project's installed copy, or else the embedded one.
 * Decided once per package, so that no entry point comes from the other copy. The embedded copy's own imports go the same way.
 * To be called before anything is imported that needs them.
 */
export function hookPackages(options: { readonly root: string; readonly embedded: EmbeddedModules }): PackageHooks {
  const { root, embedded } = options;
  const look = () => new Map(shared.map((name) => [name, findPackage(root, name)] as const));
  let choices = look();
  const embeddedFiles = new Set(Object.values(embedded).map((file) => path.dirname(file)));
  const isEmbedded = (file: string | undefined): boolean =>
    file !== undefined && [...embeddedFiles].some((folder) => file.startsWith(folder + path.sep));
  const fromEmbedded = (specifier: string) => {
    const file = embedded[specifier];
    return file === undefined ? undefined : { url: pathToFileURL(file).href, shortCircuit: true };
  };
  const fromRoot = (context: ResolveHookContext): ResolveHookContext => ({
    ...context,
    parentURL: pathToFileURL(path.join(root, "package.json")).href,
  });

  const hooks = module.registerHooks({
    resolve(specifier, context, next) {
      const name = packageOf(specifier);
      const inEmbedded = isEmbedded(fileOf(context.parentURL));
      if (isShared(name)) {
        if (!choices.get(name)?.installed) return fromEmbedded(specifier) ?? next(specifier, context);
        return next(specifier, inEmbedded ? fromRoot(context) : context);
      }
      return (inEmbedded ? fromEmbedded(specifier) : undefined) ?? next(specifier, context);
    },
  });
  return {
    choice: (name) => choices.get(name) ?? { installed: false },
    refresh() {
      const now = look();
      const changed = shared.some((name) => JSON.stringify(now.get(name)) !== JSON.stringify(choices.get(name)));
      choices = now;
      return changed;
    },
    close: () => hooks.deregister(),
  };
}

/** True when two versions of the package read each other's definitions: equal up to the first number that is not 0. */
export function worksTogether(one: string, other: string): boolean {
  const significant = (version: string): string => {
    const [major = "", minor = "", patch = ""] = version.replace(/[-+].*$/, "").split(".");
    return major !== "0" ? major : minor !== "0" ? `0.${minor}` : `0.0.${patch}`;
  };
  return significant(one) === significant(other);
}
