import { type CodeAction, CodeActionKind, type TextEdit } from "vscode-languageserver/node";
import { bare, chainOf, literal, objectOf, propertyName, type Run, runOf } from "../index/expressions.ts";
import { ts } from "../index/typescript.ts";
import { assetCallee, editOf, freeName, type Site, textEdit } from "./actions/edits.ts";
import { takeName } from "./actions/inputs.ts";
import { innermost, memberOf, treeOf } from "./actions/syntax.ts";

/** What may be an asset of its own: no bare name, no literal, no function, and nothing that is written to, called on or deleted. */
function isWhole(node: ts.Node): node is ts.Expression {
  const isKind =
    ts.isCallExpression(node) ||
    ts.isNewExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isTaggedTemplateExpression(node) ||
    ts.isTemplateExpression(node) ||
    ts.isArrayLiteralExpression(node) ||
    ts.isObjectLiteralExpression(node) ||
    ts.isConditionalExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    (ts.isBinaryExpression(node) && !isAssignment(node));
  const { parent } = node;
  if (!isKind || ts.isDeleteExpression(parent) || ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent)) return false;
  if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === node) return false;
  if (ts.isTaggedTemplateExpression(parent) || ts.isOptionalChain(parent)) return false;
  return !(ts.isBinaryExpression(parent) && isAssignment(parent) && parent.left === node);
}

const isAssignment = ({ operatorToken: { kind } }: ts.BinaryExpression) =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

/** The expression that is selected, from its first character to its last. */
function selected(tree: ts.SourceFile, start: number, end: number): ts.Expression | undefined {
  return innermost(tree, start, (node): node is ts.Expression => node.getStart(tree) === start && node.end === end && isWhole(node));
}

function namesOf(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesOf(element.name) : []));
}

/** Every name that is declared anywhere in a tree. */
function declaredIn(root: ts.Node): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) || ts.isParameter(node)) for (const name of namesOf(node.name)) names.add(name);
    else if (
      (ts.isFunctionDeclaration(node) ||
        ts.isClassDeclaration(node) ||
        ts.isFunctionExpression(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isInterfaceDeclaration(node)) &&
      node.name
    )
      names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return names;
}

/** Names that a tree reads from around it, without members and keys. */
function readIn(root: ts.Node, without?: ts.Node): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (node === without) return;
    if (ts.isIdentifier(node)) names.add(node.text);
    if (ts.isPropertyAccessExpression(node)) visit(node.expression);
    else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) visit(node.initializer);
    else if (ts.isBindingElement(node) && node.propertyName && ts.isIdentifier(node.propertyName)) {
      visit(node.name);
      if (node.initializer) visit(node.initializer);
    } else ts.forEachChild(node, visit);
  };
  visit(root);
  return names;
}

/** How the selection hangs on the function around it; "bound" where it cannot be moved out of it. */
function awaiting(root: ts.Node): "plain" | "async" | "bound" {
  let found: "plain" | "async" | "bound" = "plain";
  const visit = (node: ts.Node): void => {
    const { kind } = node;
    if (kind === ts.SyntaxKind.ThisKeyword || kind === ts.SyntaxKind.SuperKeyword || ts.isYieldExpression(node)) found = "bound";
    else if (ts.isIdentifier(node) && node.text === "arguments") found = "bound";
    else if (ts.isAwaitExpression(node) && found === "plain") found = "async";
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** The names of a list between braces, on one line or on several as they were. */
function braces(tree: ts.SourceFile, list: ts.Node, parts: readonly string[]): string {
  if (parts.length === 0) return "{}";
  const before = /\{([ \t]*\r?\n[ \t]*)/.exec(list.getText(tree))?.[1];
  if (before === undefined) return `{ ${parts.join(", ")} }`;
  const last = /[ \t]*\}$/.exec(list.getText(tree))![0];
  return `{${parts.map((part) => `${before}${part},`).join("")}\n${last}`;
}

interface Asset {
  readonly spec: ts.ObjectLiteralExpression;
  readonly run: Run;
  readonly key: string;
  /** The statement of the file that it is in. */
  readonly statement: ts.Statement;
}

/** The asset whose `run` holds a node; `undefined` for one inside another function, whose names nobody else sees. */
function assetAround({ workspace, file }: Site, tree: ts.SourceFile, node: ts.Node): Asset | undefined {
  const isRun = (at: ts.Node): at is Run => {
    if (!ts.isMethodDeclaration(at) && !ts.isArrowFunction(at) && !ts.isFunctionExpression(at)) return false;
    const spec = ts.isMethodDeclaration(at) ? at.parent : at.parent.parent;
    return ts.isObjectLiteralExpression(spec) && runOf(spec) === at;
  };
  const run = ts.findAncestor(node, isRun);
  const spec = run && ts.findAncestor(run, ts.isObjectLiteralExpression);
  const call = spec && ts.isCallExpression(spec.parent) ? spec.parent : undefined;
  const key = call && literal(call.arguments[0]);
  const isKnown = workspace.nodesIn(file.path).some((each) => each.kind === "asset" && each.key === key && each.member);
  const body = run?.body;
  if (!run || !spec || !call || key === undefined || !isKnown || !body || node.pos < body.pos || ts.findAncestor(call, ts.isFunctionLike))
    return undefined;
  const statement = ts.findAncestor(call, (at) => at.parent === tree);
  return statement && { spec, run, key, statement: statement as ts.Statement };
}

/** Start of a statement with the comments right above it. */
function startOf(tree: ts.SourceFile, statement: ts.Statement): number {
  let start = statement.getStart(tree);
  for (const { pos, end } of (ts.getLeadingCommentRanges(tree.text, statement.pos) ?? []).toReversed()) {
    if ((tree.text.slice(end, start).match(/\n/g) ?? []).length > 1) break;
    start = pos;
  }
  return start;
}

/** Moves a selected expression of `run` into an asset of its own, upstream of this one, which takes it as an input. */
export function extractActions(site: Site): CodeAction[] {
  const { workspace, file } = site;
  const { text, path } = file;
  const chosen = text.slice(...site.wanted);
  const start = site.wanted[0] + (chosen.length - chosen.trimStart().length);
  const end = start + chosen.trim().length;
  const callee = assetCallee(file.facts);
  if (start >= end || callee === undefined) return [];
  const tree = treeOf(path, text);
  const node = selected(tree, start, end);
  const asset = node && assetAround(site, tree, node);
  const manner = node && awaiting(node);
  if (!node || !asset || manner === "bound") return [];
  const { spec, run, key, statement } = asset;

  // What it reads: of the function around it only inputs that are taken by name, and nothing that it declares.
  const [first] = run.parameters;
  const pattern = first && ts.isObjectBindingPattern(first.name) && !first.type ? first.name : undefined;
  const elements = pattern?.elements ?? [];
  const inputs = memberOf(spec, "inputs");
  const list = inputs && ts.isPropertyAssignment(inputs) ? objectOf(inputs.initializer) : undefined;
  if ((first && !pattern) || (inputs && !list) || elements.some(({ dotDotDotToken }) => dotDotDotToken)) return [];
  const inner = declaredIn(node);
  const free = [...readIn(node)].filter((name) => !inner.has(name));
  const own = declaredIn(run);
  const taken = elements.filter((element) => namesOf(element.name).some((name) => free.includes(name)));
  const known = new Set(taken.flatMap(({ name }) => namesOf(name)));
  if (free.some((name) => own.has(name) && !known.has(name))) return [];
  const fed = taken.map((element) => {
    const name = propertyName(element.propertyName) ?? namesOf(element.name)[0];
    return list?.properties.find((each) => propertyName(each.name) === name);
  });
  if (fed.some((each) => each === undefined)) return [];

  // What it is stored by and divided by follows the asset it comes from.
  const shared = ["partitions", "ioManager", "group"].flatMap((name) => memberOf(spec, name) ?? []);
  const isNamed = (each: ts.ObjectLiteralElementLike) =>
    ts.isShorthandPropertyAssignment(each) ||
    (ts.isPropertyAssignment(each) && (chainOf(each.initializer) !== undefined || literal(each.initializer) !== undefined));
  if (!shared.every(isNamed)) return [];

  const scope = workspace.projectOf(path);
  let newKey = `${key}_part`;
  for (let count = 2; workspace.keys.ids(scope, newKey).length > 0; count++) newKey = `${key}_part${count}`;
  const name = freeName(newKey, text);
  const textOf = (some: ts.Node) => some.getText(tree);
  const value = ts.isObjectLiteralExpression(bare(node)) && !ts.isParenthesizedExpression(node) ? `(${textOf(node)})` : textOf(node);
  const members = [
    ...(fed.length > 0 ? [`inputs: { ${fed.map((each) => textOf(each!)).join(", ")} }`] : []),
    ...shared.map(textOf),
    `run: ${manner === "async" ? "async " : ""}(${taken.length > 0 ? `{ ${taken.map(textOf).join(", ")} }` : ""}) => ${value}`,
  ];
  const declaration = `export const ${name} = ${callee}(${JSON.stringify(newKey)}, {\n${members.map((member) => `  ${member},\n`).join("")}});\n\n`;

  // An input that nothing else in `run` reads is not loaded twice.
  const others = readIn(run.body!, node);
  const gone = new Set<ts.Node>(taken.filter((element) => !namesOf(element.name).some((each) => others.has(each))));
  const goneInputs = new Set<ts.Node | undefined>(fed.filter((_, at) => gone.has(taken[at]!)));
  const at = startOf(tree, statement);
  const edits: (TextEdit | undefined)[] = [
    textEdit(file, [at, at], declaration),
    textEdit(file, [start, end], name),
    pattern
      ? textEdit(
          file,
          [pattern.getStart(tree), pattern.end],
          braces(tree, pattern, [...elements.filter((each) => !gone.has(each)).map(textOf), name]),
        )
      : takeName(site, tree, run, name),
    list
      ? textEdit(
          file,
          [list.getStart(tree), list.end],
          braces(tree, list, [...list.properties.filter((each) => !goneInputs.has(each)).map(textOf), name]),
        )
      : textEdit(file, [spec.getStart(tree) + 1, spec.getStart(tree) + 1], ` inputs: { ${name} },`),
  ];
  const whole = edits.flatMap((edit) => edit ?? []);
  if (whole.length < edits.length) return [];
  return [{ title: `Extract into the upstream asset "${newKey}"`, kind: CodeActionKind.RefactorExtract, edit: editOf(file, whole) }];
}
