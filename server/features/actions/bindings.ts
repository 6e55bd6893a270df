import { type CodeAction, CodeActionKind, type Diagnostic, type TextEdit } from "vscode-languageserver/node";
import { packageName } from "../../index/bindings.ts";
import type { Node } from "../../index/node.ts";
import { uriOfPath } from "../../index/paths.ts";
import { offsetAt } from "../../index/text.ts";
import { ts } from "../../index/typescript.ts";
import { defaultManager, targetsWithout } from "../findings/bindings.ts";
import { editOf, importEdit, type Site, type Target, textEdit } from "./edits.ts";
import { innermost, treeOf } from "./syntax.ts";

const name = (key: string) => (/^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(key) ? key : JSON.stringify(key));

/** Binds a key in each target that lacks it: an I/O manager key to files, a resource key to what a person fills in. */
function bindEverywhere(config: Target, key: string, isResource: boolean): TextEdit[] {
  const maker = isResource ? "resource" : "filesystem";
  const known = config.facts.imports.find(({ imported, spec }) => imported === maker && spec === packageName);
  const value = isResource
    ? `${known?.local ?? maker}({ open: () => { throw new Error(${JSON.stringify(`The resource "${key}" is not written yet.`)}); } })`
    : `${known?.local ?? maker}()`;
  const edits = targetsWithout(config.facts.config!, key).map(({ end, bindings }) => {
    const entry = `${name(key)}: ${value}`;
    return textEdit(config, [end, end], bindings.length === 0 ? ` ${entry} ` : `, ${entry}`);
  });
  return known ? edits : [importEdit(config, `{ ${maker} }`, packageName), ...edits];
}

/** A table that no other asset has: the whole key in one name. */
function ownTable({ file }: Site, diagnostic: Diagnostic, key: string): TextEdit[] | undefined {
  const tree = treeOf(file.path, file.text);
  const call = innermost(tree, offsetAt(file.facts.lines, diagnostic.range.start), ts.isCallExpression);
  const spec = call?.arguments[1];
  if (!spec || !ts.isObjectLiteralExpression(spec)) return undefined;
  const start = spec.getStart(tree) + 1;
  return [textEdit(file, [start, start], ` table: { name: ${JSON.stringify(key.replaceAll("/", "_"))} },`)];
}

/** Fixes for keys that targets do not bind, and for assets that share a table. `textOf` reads the config. */
export function bindingActions(site: Site, textOf: (path: string) => string | undefined): CodeAction[] {
  const { workspace, file, told, found } = site;
  const actions: CodeAction[] = [];
  const same = ({ code, range }: Diagnostic) => told.filter((each) => each.code === code && JSON.stringify(each.range) === JSON.stringify(range));
  for (const diagnostic of found) {
    if (diagnostic.code === "config/unbound-key") {
      const { key } = diagnostic.data as { readonly key: string };
      const path = workspace.configOf(workspace.projectOf(file.path))?.path;
      const facts = path === undefined ? undefined : workspace.facts(path);
      const text = path === undefined ? undefined : textOf(path);
      if (!facts?.parses || !facts.config || path === undefined || text === undefined || key === defaultManager) continue;
      const isResource = [...workspace.nodes.values()].some(({ bound }: Node) => bound.resources?.includes(key));
      const edits = bindEverywhere({ path, text, facts }, key, isResource);
      const edit = { changes: { [uriOfPath(path)]: edits } };
      actions.push({
        title: `Bind "${key}" in every target that lacks it`,
        kind: CodeActionKind.QuickFix,
        diagnostics: same(diagnostic),
        isPreferred: true,
        edit,
      });
    } else if (diagnostic.code === "graph/storage-collision") {
      const offset = offsetAt(file.facts.lines, diagnostic.range.start);
      const node = workspace.nodesIn(file.path).find(({ index }) => file.facts.assets[index]!.keySpan[0] === offset);
      const edits = node?.key === undefined || file.facts.assets[node.index]!.table ? undefined : ownTable(site, diagnostic, node.key);
      if (edits)
        actions.push({
          title: "Give it a table of its own",
          kind: CodeActionKind.QuickFix,
          diagnostics: same(diagnostic),
          edit: editOf(file, edits),
        });
    }
  }
  return actions;
}
