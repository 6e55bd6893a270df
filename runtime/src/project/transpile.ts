import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type ts from "typescript";
import { SluiceError } from "../model/errors.ts";
import { type FileFacts, hashOf, readFacts } from "./facts.ts";
import type { ProjectTsconfig } from "./resolver.ts";

/** Changes whenever what lies in the cache changes its meaning. */
const cacheVersion = 1;

export interface TranspiledModule {
  readonly format: "module" | "commonjs";
  readonly code: string;
  readonly facts: FileFacts;
}
export type Transpile = (file: string, text: string) => TranspiledModule;

export interface TranspileOptions {
  /** Folder of the cache, created when needed. */
  readonly cacheFolder: string;
  /** Path or name of the TypeScript to load when the cache does not know a file. */
  readonly typescript?: string | undefined;
  /** Settings of the project, now. */
  readonly compilerOptions: () => ProjectTsconfig["compilerOptions"];
}

/**
 * Turns modules into JavaScript with an inline source map, and reads their facts; what was seen once comes from the cache.
 * Throws `load/failed` with file, line and column where the text does not parse.
 */
export function createTranspiler(options: TranspileOptions): Transpile {
  let loaded: typeof ts | undefined;
  const typescript = (): typeof ts => {
    try {
      loaded ??= createRequire(import.meta.url)(options.typescript ?? "typescript") as typeof ts;
      return loaded;
    } catch (cause) {
      throw new SluiceError(
        "load/failed",
        `TypeScript, which loads the project's files, was not found: ${(cause as Error).message.split("\n", 1)[0]}`,
        { cause },
      );
    }
  };
  return (file, text) => {
    const settings = options.compilerOptions();
    const key = createHash("sha1")
      .update([cacheVersion, JSON.stringify(settings), file, text].join("\0"))
      .digest("hex");
    const cached = path.join(options.cacheFolder, `${key}.js`);
    const known = readCached(cached);
    if (known) return known;
    const fresh = transpile(typescript(), file, text, settings);
    writeCached(cached, fresh);
    return fresh;
  };
}

/** First line: format and facts as JSON; then the code. `undefined` for a file that is not there or not whole. */
function readCached(file: string): TranspiledModule | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined; // not in the cache, or not readable: transpiled again
  }
  const end = text.indexOf("\n");
  if (end < 0) return undefined;
  return { ...(JSON.parse(text.slice(0, end)) as Pick<TranspiledModule, "format" | "facts">), code: text.slice(end + 1) };
}

function writeCached(file: string, { code, ...rest }: TranspiledModule): void {
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(rest)}\n${code}`);
    renameSync(temporary, file);
  } catch {
    rmSync(temporary, { force: true }); // a folder that cannot be written costs time, not the run
  }
}

function transpile(ts: typeof import("typescript"), file: string, text: string, extra: ProjectTsconfig["compilerOptions"]): TranspiledModule {
  const written = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, false);
  const format = formatOf(ts, file, written);
  const { jsx, ...plain } = extra;
  const result = ts.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: {
      ...plain,
      module: format === "commonjs" ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      jsx: jsx === "react" ? ts.JsxEmit.React : ts.JsxEmit.ReactJSX,
      esModuleInterop: true,
      sourceMap: true,
      removeComments: true,
    },
  });
  const mistake = result.diagnostics?.find((each) => each.category === ts.DiagnosticCategory.Error);
  if (mistake) {
    const { line, character } = written.getLineAndCharacterOfPosition(mistake.start ?? 0);
    throw new SluiceError("load/failed", ts.flattenDiagnosticMessageText(mistake.messageText, "\n"), {
      place: { file, line: line + 1, column: character + 1 },
      hint: "Fix the syntax and save; the file is loaded again.",
    });
  }
  const javascript = ts.createSourceFile(file, result.outputText, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JSX);
  return { format, code: withSourceMap(result.outputText, result.sourceMapText ?? "{}", file), facts: readFacts(ts, written, javascript) };
}

/** The map inline, its only source named by an absolute URL, which holds whatever generation the module was loaded as. */
function withSourceMap(code: string, mapText: string, file: string): string {
  const { sourceRoot: _, ...map } = JSON.parse(mapText) as Record<string, unknown>;
  const url = pathToFileURL(file).href;
  const encoded = Buffer.from(JSON.stringify({ ...map, file: url, sources: [url] })).toString("base64");
  return `${code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")}//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

/** CommonJS by ending, by `export =` and `import x = require()`, or where nothing but `module.exports` says what it is. */
function formatOf(ts: typeof import("typescript"), file: string, written: ts.SourceFile): "module" | "commonjs" {
  if (/\.(cts|cjs)$/.test(file)) return "commonjs";
  if (/\.(mts|mjs)$/.test(file)) return "module";
  const [marks, others] = written.statements.reduce<[number, number]>(
    ([commonjs, esm], each) => {
      const isCommonjs =
        (ts.isExportAssignment(each) && each.isExportEquals === true) ||
        (ts.isImportEqualsDeclaration(each) && ts.isExternalModuleReference(each.moduleReference));
      const isModule = ts.isImportDeclaration(each) || ts.isExportDeclaration(each) || (ts.isExportAssignment(each) && !each.isExportEquals);
      return [commonjs + Number(isCommonjs), esm + Number(isModule)];
    },
    [0, 0],
  );
  if (marks > 0 && others === 0) return "commonjs";
  if (ts.isExternalModule(written)) return "module";
  return /\bmodule\.exports\b|\bexports\.\w/.test(written.text) ? "commonjs" : "module";
}

/** Facts of data: its content is what counts. */
export const dataFacts = (text: string): FileFacts => ({
  declarations: [{ names: ["default"], hash: hashOf(text), words: [] }],
  imports: [],
  exports: [{ exported: "default", local: "default" }],
  importPlaces: {},
  places: {},
});
