import type { DocumentLink } from "vscode-languageserver/node";
import { packageName } from "../index/bindings.ts";
import { bare, chainOf, literal, objectOf, property } from "../index/expressions.ts";
import type { FileFacts } from "../index/facts.ts";
import { folderOf, joinPath, uriOfPath } from "../index/paths.ts";
import { rangeOf } from "../index/text.ts";
import { ts } from "../index/typescript.ts";
import type { FeatureContext } from "./context.ts";

/** Functions of the package that take a path first, and those that take it as one of their options. */
const readers = new Set(["readCsv", "readJson", "readParquet"]);
const options: Readonly<Record<string, string>> = { duckdb: "database", duckdbResource: "database", filesystem: "baseDir" };

function calledName(call: ts.CallExpression, { imports }: FileFacts): string | undefined {
  const [first, second] = chainOf(call.expression) ?? [];
  const found = imports.find(({ local, spec }) => local === first && (spec === packageName || spec.startsWith(`${packageName}/`)));
  return found?.imported === "*" ? second : found?.imported;
}

/** Links from the paths in a file to the files that are read there and the stores that are kept there, where these exist. */
export function documentLinks({ workspace, text, exists }: FeatureContext, path: string): DocumentLink[] {
  const facts = workspace.facts(path);
  const content = text(path);
  if (!facts || content === undefined) return [];
  const tree = ts.createSourceFile(path, content, ts.ScriptTarget.ESNext, false);
  // As the runner reads them: from the project's folder.
  const folder = workspace.projectOf(path) || folderOf(path);
  const links: DocumentLink[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node)) return;
    const name = calledName(node, facts);
    const [first] = node.arguments;
    const option = name === undefined ? undefined : options[name];
    const spec = option === undefined ? undefined : objectOf(first);
    const value = name !== undefined && readers.has(name) ? first : spec && property(spec, option!);
    const written = literal(value);
    if (!value || written === undefined || /[*?[{]|^[a-z][a-z0-9+.-]+:/i.test(written)) return;
    const target = written.startsWith("/") ? written : joinPath(folder, written);
    if (!exists(target)) return;
    const at = bare(value);
    links.push({ range: rangeOf(facts.lines, [at.getStart(tree), at.end]), target: uriOfPath(target), tooltip: `Open ${written}` });
  };
  visit(tree);
  return links;
}
