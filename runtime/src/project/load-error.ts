import path from "node:path";
import { userPlace } from "../engine/user-place.ts";
import { type ErrorInfo, isSluiceError, type SourcePlace, toErrorInfo } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";
import { type ImportSite, importSite, isPackage, type Loader } from "./loader.ts";

const thrownName = (thrown: unknown): string => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));

/**
 * Why a module did not load, on the user's own line: `load/failed`, or `graph/cycle` where modules need each other before they are ready.
 * Errors that already say what is wrong, such as those of `asset()`, keep their words.
 */
export function describeLoadError(thrown: unknown, file: string, root: string, loader: Loader): ErrorInfo {
  const nameOf = (each: string): string => path.relative(root, each);
  const innermost = userPlace(thrown, root);
  const cycle = innermost && loader.importPath(innermost.file, innermost.file);
  if (isSluiceError(thrown)) {
    const info = toErrorInfo(thrown, "load/failed", { place: innermost ?? { file, line: 1 } });
    return info.code === "graph/cycle" && cycle ? { ...info, message: `${info.message} ${cycle.map(nameOf).join(" imports ")}.` } : info;
  }
  const make = (message: string, place: SourcePlace, hint?: string, code: "load/failed" | "graph/cycle" = "load/failed"): ErrorInfo => ({
    code,
    message,
    place,
    ...(hint === undefined ? {} : { hint }),
    ...(thrown instanceof Error && thrown.stack !== undefined ? { stack: thrown.stack, thrown: thrown.name } : {}),
  });

  const site = importSiteOf(thrown);
  if (site) return missingModule(site, nameOf, loader, make);
  if (!(thrown instanceof Error)) return make(`${nameOf(file)} threw while it was loaded: ${thrownName(thrown)}`, { file, line: 1 });

  const unready = /^Cannot access '(.+)' before initialization$/.exec(thrown.message)?.[1];
  if (unready !== undefined && innermost && cycle) {
    const way = cycle.map(nameOf).join(" imports ");
    return make(
      `${nameOf(innermost.file)} uses "${unready}" before it is defined: ${way}.`,
      innermost,
      'Name one of the upstream assets by its key, `deps: ["key"]`, or move what both need into a third file.',
      "graph/cycle",
    );
  }
  const link = linkError(thrown, root, loader);
  if (link) return make(`${nameOf(link.place.file)} imports "${link.name}" from "${link.from}", which exports no such name.`, link.place, link.hint);
  const place = innermost ?? { file, line: 1 };
  return make(`${nameOf(place.file)} threw while it was loaded: ${thrownName(thrown)}`, place);
}

const importSiteOf = (thrown: unknown): ImportSite | undefined =>
  thrown instanceof Error ? (thrown as Error & { readonly [importSite]?: ImportSite })[importSite] : undefined;

function missingModule(
  { specifier, from }: ImportSite,
  nameOf: (file: string) => string,
  loader: Loader,
  make: (message: string, place: SourcePlace, hint?: string) => ErrorInfo,
): ErrorInfo {
  const place = { file: from, ...(loader.facts(from)?.importPlaces[specifier] ?? { line: 1 }) };
  if (!isPackage(specifier))
    return make(`${nameOf(from)} imports "${specifier}", which is not there.`, place, "Check the path; endings may be left out.");
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  return make(
    `${nameOf(from)} imports "${specifier}", which is not installed, or does not offer that entry.`,
    place,
    `Run \`npm install ${name}\`, or add it to tsconfig's \`paths\`.`,
  );
}

/** A name that the other module does not export: the engine names only the generated line, so the place comes from the file's own imports. */
function linkError(error: Error, root: string, loader: Loader) {
  const found =
    /The requested module '(.+?)' does not provide an export named '(.+?)'/.exec(error.message) ??
    /Named export '(?<name>.+?)' not found\. The requested module '(?<from>.+?)' is a CommonJS module/.exec(error.message);
  const file = found && importingFile(error, root);
  if (!found || !file) return undefined;
  const from = found.groups?.["from"] ?? found[1] ?? "";
  const name = found.groups?.["name"] ?? found[2] ?? "";
  const facts = loader.facts(file);
  const place = { file, ...(facts?.importPlaces[`${from}#${name}`] ?? facts?.importPlaces[from] ?? { line: 1 }) };
  const other = loader.target(from, file);
  const near = other && nearestName(name, loader.facts(other)?.exports.map((each) => each.exported) ?? []);
  return { from, name, place, hint: near ? `Did you mean "${near}"?` : "If it is a type, mark the import: `import type { ... }`." };
}

/** First line of a link error's stack: the URL of the importing module and a line. */
function importingFile(error: Error, root: string): string | undefined {
  const line = error.stack?.split("\n", 1)[0] ?? "";
  const file = /^(?:file:\/\/)?(.+?)(?:\?v=\d+)?:\d+$/.exec(line)?.[1];
  return file?.startsWith(root + path.sep) ? decodeURIComponent(file) : undefined;
}
