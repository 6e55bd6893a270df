import { type CodeAction, CodeActionKind, type Diagnostic, type TextEdit } from "vscode-languageserver/node";
import { bare, objectOf, peeled, type Run, runOf } from "../../index/expressions.ts";
import type { Node } from "../../index/node.ts";
import { offsetAt } from "../../index/text.ts";
import { ts } from "../../index/typescript.ts";
import { editOf, referenceTo, type Site, textEdit } from "./edits.ts";
import { innermost, memberOf, treeOf, withComma } from "./syntax.ts";

const isMember = (node: ts.Node): node is ts.PropertyAssignment | ts.ShorthandPropertyAssignment =>
  ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node);

/** Puts a name into what a function takes apart. */
export function takeName({ file }: Site, tree: ts.SourceFile, run: Run, name: string): TextEdit | undefined {
  const [first] = run.parameters;
  const word = /^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(name) ? name : `${JSON.stringify(name)}: ${name.replace(/[^\p{L}\p{Nd}_$]+/gu, "_")}`;
  if (!first) {
    const at = file.text.indexOf("(", run.getStart(tree)) + 1;
    return at > 0 ? textEdit(file, [at, at], `{ ${word} }`) : undefined;
  }
  if (!ts.isObjectBindingPattern(first.name)) return undefined;
  const last = first.name.elements.at(-1);
  if (last) return textEdit(file, [last.end, last.end], `, ${word}`);
  return textEdit(file, [first.name.getStart(tree), first.name.end], `{ ${word} }`);
}

/** From `inputs` to `deps`: the run waits for it, and does not load it. */
function waitOnly(
  { file }: Site,
  tree: ts.SourceFile,
  spec: ts.ObjectLiteralExpression,
  member: ts.PropertyAssignment | ts.ShorthandPropertyAssignment,
) {
  const inputs = memberOf(spec, "inputs");
  const list = inputs && ts.isPropertyAssignment(inputs) ? objectOf(inputs.initializer) : undefined;
  const deps = memberOf(spec, "deps");
  const array = deps && ts.isPropertyAssignment(deps) ? bare(deps.initializer) : undefined;
  if (!inputs || !list || (deps && !(array && ts.isArrayLiteralExpression(array)))) return undefined;
  const upstream = peeled(ts.isPropertyAssignment(member) ? member.initializer : member.name).getText(tree);
  const removed = list.properties.length === 1 ? withComma(tree, spec.properties, inputs) : withComma(tree, list.properties, member);
  if (array && ts.isArrayLiteralExpression(array)) {
    const last = array.elements.at(-1);
    const at = last ? last.end : array.end - 1;
    return [textEdit(file, removed, ""), textEdit(file, [at, at], `${last ? ", " : ""}${upstream}`)];
  }
  if (list.properties.length === 1) return [textEdit(file, [inputs.getStart(tree), inputs.end], `deps: [${upstream}]`)];
  return [textEdit(file, removed, ""), textEdit(file, [inputs.end, inputs.end], `,\n  deps: [${upstream}]`)];
}

/** The asset that a name most likely stands for: the one whose variable, or else whose key, has it. */
function assetNamed({ workspace, file }: Site, name: string): Node | undefined {
  const scope = workspace.projectOf(file.path);
  const byKey = workspace.keys.ids(scope, name).flatMap((id) => workspace.nodes.get(id) ?? []);
  if (byKey.length > 0) return byKey[0];
  for (const node of workspace.nodes.values()) {
    if (node.scope === scope && node.member && workspace.fact(node).path?.join(".") === name) return node;
  }
  return undefined;
}

function feed(site: Site, tree: ts.SourceFile, spec: ts.ObjectLiteralExpression, name: string): TextEdit[] | undefined {
  const { workspace, file } = site;
  const target = assetNamed(site, name);
  const found = target && referenceTo(workspace, file, target, spec.getStart(tree));
  if (!found) return undefined;
  const entry = found.text === name ? name : `${name}: ${found.text}`;
  const inputs = memberOf(spec, "inputs");
  const list = inputs && ts.isPropertyAssignment(inputs) ? objectOf(inputs.initializer) : undefined;
  if (inputs && !list) return undefined;
  const last = list?.properties.at(-1);
  if (list && last) return [...found.imports, textEdit(file, [last.end, last.end], `, ${entry}`)];
  if (list) return [...found.imports, textEdit(file, [list.getStart(tree), list.end], `{ ${entry} }`)];
  const start = spec.getStart(tree) + 1;
  return [...found.imports, textEdit(file, [start, start], ` inputs: { ${entry} },`)];
}

/** Fixes for inputs that `run` does not take, parameters that nothing feeds, and inputs that do not say which partitions they want. */
export function inputActions(site: Site): CodeAction[] {
  const { file, told, found } = site;
  const actions: CodeAction[] = [];
  let made: ts.SourceFile | undefined;
  const tree = () => {
    made ??= treeOf(file.path, file.text);
    return made;
  };
  const add = (diagnostic: Diagnostic, title: string, edits: TextEdit[] | undefined, isPreferred = false) => {
    if (!edits) return;
    const diagnostics = told.filter(({ code, range }) => code === diagnostic.code && JSON.stringify(range) === JSON.stringify(diagnostic.range));
    actions.push({ title, kind: CodeActionKind.QuickFix, diagnostics, ...(isPreferred ? { isPreferred } : {}), edit: editOf(file, edits) });
  };
  for (const diagnostic of found) {
    const offset = offsetAt(file.facts.lines, diagnostic.range.start);
    const specOf = (member: ts.Node | undefined) =>
      member &&
      innermost(
        tree(),
        offset,
        (node): node is ts.ObjectLiteralExpression => ts.isObjectLiteralExpression(node) && memberOf(node, "run") !== undefined,
      );
    if (diagnostic.code === "unused-input") {
      const { input } = diagnostic.data as { readonly input: string };
      const member = innermost(tree(), offset, isMember);
      const spec = specOf(member);
      const run = spec && runOf(spec);
      if (!member || !spec || !run) continue;
      const taken = takeName(site, tree(), run, input);
      add(diagnostic, `Take "${input}" in run`, taken && [taken], true);
      add(diagnostic, `Wait for "${input}" in deps, without loading it`, waitOnly(site, tree(), spec, member));
    } else if (diagnostic.code === "unfed-parameter") {
      const { parameter } = diagnostic.data as { readonly parameter: string };
      const spec = specOf(tree());
      if (spec) add(diagnostic, `Add the input "${parameter}"`, feed(site, tree(), spec, parameter), true);
    } else if (diagnostic.code === "partition/mismatch") {
      const member = innermost(tree(), offset, isMember);
      const value = member && (ts.isPropertyAssignment(member) ? member.initializer : member.name);
      if (!member || !value) continue;
      const append = (call: string) =>
        ts.isPropertyAssignment(member)
          ? textEdit(file, [value.end, value.end], call)
          : textEdit(file, [value.end, value.end], `: ${value.getText(tree())}${call}`);
      add(diagnostic, "Take all its partitions", [append(".all()")]);
      add(diagnostic, "Take its latest partition", [append(".latest()")]);
    }
  }
  return actions;
}
