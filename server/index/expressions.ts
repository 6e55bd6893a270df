import { ts } from "./typescript.ts";

/** Methods of an asset that say how it arrives as an input; what they are called on is the asset. */
const takers = new Set(["as", "with", "all", "latest", "partition", "window", "merged"]);

const wrappers: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ParenthesizedExpression,
  ts.SyntaxKind.AsExpression,
  ts.SyntaxKind.SatisfiesExpression,
  ts.SyntaxKind.NonNullExpression,
  ts.SyntaxKind.TypeAssertionExpression,
  ts.SyntaxKind.AwaitExpression,
]);

/** The expression without parentheses, type assertions and `await`. */
export function bare(node: ts.Expression): ts.Expression {
  let at = node;
  while (wrappers.has(at.kind)) at = (at as ts.ParenthesizedExpression).expression;
  return at;
}

/** Those that say which partitions are wanted. */
const choosers = new Set(["all", "latest", "partition", "window"]);

/** True where an input says which partitions it wants, as `x.as(rows()).latest()` does. */
export function choosesPartitions(node: ts.Expression): boolean {
  for (let at = bare(node); ts.isCallExpression(at); ) {
    const callee = bare(at.expression);
    if (!ts.isPropertyAccessExpression(callee)) return false;
    if (choosers.has(callee.name.text)) return true;
    at = bare(callee.expression);
  }
  return false;
}

/** What `x.as(rows()).with({...})` is about: `x`. */
export function peeled(node: ts.Expression): ts.Expression {
  for (let at = bare(node); ; ) {
    if (!ts.isCallExpression(at)) return at;
    const callee = bare(at.expression);
    if (!ts.isPropertyAccessExpression(callee) || !takers.has(callee.name.text)) return at;
    at = bare(callee.expression);
  }
}

/** Identifier and members, as in `ns.sales` or `split["good"]`; `undefined` for anything else. */
export function chainOf(node: ts.Expression): string[] | undefined {
  const members: string[] = [];
  for (let at = bare(node); ; ) {
    if (ts.isIdentifier(at)) return at.text === "" ? undefined : [at.text, ...members.reverse()];
    if (ts.isPropertyAccessExpression(at)) {
      if (at.name.text === "") return undefined;
      members.push(at.name.text);
      at = bare(at.expression);
    } else if (ts.isElementAccessExpression(at)) {
      const member = at.argumentExpression && (literal(at.argumentExpression) ?? indexText(at.argumentExpression));
      if (member === undefined) return undefined;
      members.push(member);
      at = bare(at.expression);
    } else return undefined;
  }
}

const indexText = (node: ts.Expression): string | undefined => (ts.isNumericLiteral(node) ? node.text : undefined);

/** Value of a string literal, also of one written in pieces with `+`; `undefined` for anything computed. */
export function literal(node: ts.Expression | undefined): string | undefined {
  if (!node) return undefined;
  const at = bare(node);
  if (ts.isStringLiteralLike(at)) return at.text;
  if (ts.isBinaryExpression(at) && at.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const left = literal(at.left);
    const right = left === undefined ? undefined : literal(at.right);
    return right === undefined ? undefined : left + right;
  }
  return undefined;
}

/** Name of a property; `undefined` where it is computed. */
export function propertyName(node: ts.PropertyName | undefined): string | undefined {
  if (!node) return undefined;
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text;
  return ts.isComputedPropertyName(node) ? literal(node.expression) : undefined;
}

/** Value of a property of an object literal. The last one counts, as when it runs. */
export function property(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (let index = object.properties.length - 1; index >= 0; index--) {
    const at = object.properties[index]!;
    if (ts.isPropertyAssignment(at) && propertyName(at.name) === name) return at.initializer;
    if (ts.isShorthandPropertyAssignment(at) && at.name.text === name) return at.name;
  }
  return undefined;
}

/** The strings of an array literal; `undefined` where one is computed. */
export function literals(node: ts.Expression | undefined): string[] | undefined {
  const array = node && bare(node);
  if (!array || !ts.isArrayLiteralExpression(array)) return undefined;
  const values = array.elements.map((element) => literal(element));
  return values.every((value) => value !== undefined) ? values : undefined;
}

export function objectOf(node: ts.Expression | undefined): ts.ObjectLiteralExpression | undefined {
  const at = node && bare(node);
  return at && ts.isObjectLiteralExpression(at) ? at : undefined;
}

export type Run = ts.ArrowFunction | ts.FunctionExpression | ts.MethodDeclaration;

/** The function of a definition's `run`, written as a property or as a method. */
export function runOf(spec: ts.ObjectLiteralExpression): Run | undefined {
  const member = spec.properties.find((each) => propertyName(each.name) === "run");
  if (member && ts.isMethodDeclaration(member)) return member;
  const value = member && ts.isPropertyAssignment(member) ? bare(member.initializer) : undefined;
  return value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) ? value : undefined;
}
