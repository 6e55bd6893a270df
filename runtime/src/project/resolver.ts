import { realpathSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createPathsMatcher, getTsconfig } from "get-tsconfig";

const endings = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];

/** Settings of the project's tsconfig.json that change how its files are resolved and transpiled. */
export interface ProjectTsconfig {
  readonly file?: string;
  /** Compiler options as they were read, to compare. */
  readonly written?: unknown;
  /** Candidate paths for a specifier, absolute, without endings. */
  readonly paths: (specifier: string) => readonly string[];
  readonly compilerOptions: {
    readonly experimentalDecorators?: boolean;
    readonly emitDecoratorMetadata?: boolean;
    readonly useDefineForClassFields?: boolean;
    readonly jsx?: string;
    readonly jsxImportSource?: string;
    readonly jsxFactory?: string;
    readonly jsxFragmentFactory?: string;
  };
}

/** Reads the tsconfig.json nearest to the folder; one that is not there changes nothing. Throws what the parser throws. */
export function readTsconfig(folder: string): ProjectTsconfig {
  const found = getTsconfig(folder);
  if (!found) return { paths: () => [], compilerOptions: {} };
  const { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, jsx, jsxImportSource, jsxFactory, jsxFragmentFactory } =
    found.config.compilerOptions ?? {};
  const known = { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, jsx, jsxImportSource, jsxFactory, jsxFragmentFactory };
  return {
    file: found.path,
    written: found.config.compilerOptions,
    paths: createPathsMatcher(found) ?? (() => []),
    compilerOptions: Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  };
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

/** The source file that a path without, or with a compiled, ending stands for: `./a`, `./a.js`, `./a/index`. */
export function findSource(base: string): string | undefined {
  const asTypeScript = base.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  if (asTypeScript !== base && isFile(asTypeScript)) return realpathSync(asTypeScript);
  for (const ending of endings) if (isFile(base + ending)) return realpathSync(base + ending);
  for (const ending of endings.slice(1)) if (isFile(path.join(base, `index${ending}`))) return realpathSync(path.join(base, `index${ending}`));
  return undefined;
}

/** Path of a `file:` URL without its generation; `undefined` for any other URL. */
export const fileOf = (url: string | undefined): string | undefined =>
  url?.startsWith("file:") ? fileURLToPath(url.replace(/[?#].*$/, "")) : undefined;

/** True for `./x`, `../x`, `.`, `..` and absolute paths. */
export const isRelative = (specifier: string): boolean => /^\.{0,2}(\/|$)/.test(specifier);

/** The file that a relative specifier or one of tsconfig's `paths` stands for, seen from a file; `undefined` for packages. */
export function resolveSource(specifier: string, from: string, tsconfig: ProjectTsconfig): string | undefined {
  if (specifier === "") return undefined;
  const plain = specifier.replace(/\?.*$/, "");
  if (isRelative(plain)) return findSource(path.resolve(path.dirname(from), plain));
  if (plain.startsWith("file:")) return findSource(fileURLToPath(plain));
  for (const candidate of tsconfig.paths(plain)) {
    const found = findSource(candidate);
    if (found) return found;
  }
  return undefined;
}
