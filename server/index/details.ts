import { bare, chainOf, literal, literals, objectOf, property, propertyName, runOf } from "./expressions.ts";
import type { AssetFact, ChainFact, NameFact, PartitionsFact, TargetFact } from "./facts.ts";
import type { ReferenceReader } from "./references.ts";
import { rowOf } from "./row-types.ts";
import { ts } from "./typescript.ts";

type Reader = Pick<ReferenceReader, "bindings" | "span">;

/** A chain that the file's scope gives its meaning; `undefined` for anything else. */
export function chainFact(node: ts.Expression, { bindings, span }: Reader): ChainFact | undefined {
  const chain = chainOf(node);
  return chain && !bindings.isShadowed(chain[0]!) ? { chain, span: span(node) } : undefined;
}

const isMaker = (name: string | undefined): name is string => name?.endsWith("Partitions") ?? false;

/** The partitions definition that a call makes; `undefined` for another call. */
export function partitionsFact(call: ts.CallExpression, reader: Reader): PartitionsFact | undefined {
  const maker = reader.bindings.definer(call);
  if (!isMaker(maker)) return undefined;
  const [first, second] = call.arguments;
  const span = reader.span(call);
  if (maker === "multiPartitions") {
    const dimensions = (objectOf(first)?.properties ?? []).flatMap((at) => {
      const name = propertyName(at.name);
      const value = ts.isPropertyAssignment(at) ? at.initializer : ts.isShorthandPropertyAssignment(at) ? at.name : undefined;
      const is = value && partitionsOf(value, reader);
      return name === undefined || !at.name ? [] : [{ name, span: reader.span(at.name), ...(is ? { is } : {}) }];
    });
    return { maker, span, dimensions };
  }
  const isTime = maker !== "staticPartitions" && maker !== "dynamicPartitions";
  const options = isTime ? first : second;
  const spec = objectOf(options);
  const isWritten = options === undefined || spec?.properties.every(({ name }) => propertyName(name) !== undefined);
  const zone = spec && property(spec, "timezone");
  const timezone = isTime && isWritten ? (zone ? literal(zone) : "UTC") : undefined;
  const keys = maker === "staticPartitions" ? literals(first) : undefined;
  const isPlaced = spec !== undefined && ["column", "partitionExpr"].some((name) => property(spec, name) !== undefined);
  return {
    maker,
    span,
    ...(timezone === undefined ? {} : { timezone }),
    ...(keys ? { keys } : {}),
    ...(isWritten || isPlaced ? { isPlaced } : {}),
  };
}

/** What a `partitions` property says. */
export function partitionsOf(node: ts.Expression, reader: Reader): PartitionsFact | ChainFact | undefined {
  const at = bare(node);
  return ts.isCallExpression(at) ? partitionsFact(at, reader) : chainFact(at, reader);
}

/** Names that the first parameter takes apart; `undefined` where it takes the whole, or the rest. */
function takenNames(parameter: ts.ParameterDeclaration | undefined, { span }: Reader): NameFact[] | undefined {
  if (!parameter) return [];
  if (!ts.isObjectBindingPattern(parameter.name)) return undefined;
  const names: NameFact[] = [];
  for (const element of parameter.name.elements) {
    const at = element.propertyName ?? (ts.isIdentifier(element.name) ? element.name : undefined);
    const name = propertyName(at);
    if (element.dotDotDotToken || !at || name === undefined) return undefined;
    names.push({ name, span: span(at) });
  }
  return names;
}

function mismatchOf(spec: ts.ObjectLiteralExpression, run: ts.FunctionLikeDeclaration, reader: Reader): AssetFact["mismatch"] {
  const value = property(spec, "inputs");
  const inputs = objectOf(value);
  if (value && !inputs) return undefined;
  const members = inputs?.properties ?? [];
  const given = members.flatMap((at): NameFact[] => {
    const name = propertyName(at.name);
    return name === undefined || !at.name ? [] : [{ name, span: reader.span(at.name) }];
  });
  const taken = takenNames(run.parameters[0], reader);
  if (!taken) return undefined;
  const has = (names: readonly NameFact[], name: string) => names.some((each) => each.name === name);
  const unused = given.filter(({ name }) => !has(taken, name));
  const unfed = given.length === members.length ? taken.filter(({ name }) => !has(given, name)) : [];
  return unused.length + unfed.length > 0 ? { unused, unfed } : undefined;
}

const literalTypes: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.NumericLiteral, "a number"],
  [ts.SyntaxKind.BigIntLiteral, "a bigint"],
  [ts.SyntaxKind.StringLiteral, "a string"],
  [ts.SyntaxKind.NoSubstitutionTemplateLiteral, "a string"],
  [ts.SyntaxKind.TrueKeyword, "a boolean"],
  [ts.SyntaxKind.FalseKeyword, "a boolean"],
  [ts.SyntaxKind.NullKeyword, "null"],
  [ts.SyntaxKind.ArrowFunction, "a function"],
  [ts.SyntaxKind.FunctionExpression, "a function"],
]);

function returnsOf({ body }: ts.FunctionLikeDeclaration, { span }: Reader): AssetFact["returns"] {
  const statements = body && ts.isBlock(body) ? body.statements : [];
  const only = statements.length === 1 && ts.isReturnStatement(statements[0]!) ? statements[0].expression : undefined;
  const value = body && !ts.isBlock(body) ? body : only;
  const type = value && literalTypes.get(bare(value as ts.Expression).kind);
  return value && type !== undefined ? { type, span: span(value) } : undefined;
}

function tableOf(node: ts.Expression | undefined): AssetFact["table"] {
  if (!node) return undefined;
  const options = objectOf(node);
  const schema = options && literal(property(options, "schema"));
  const name = options && literal(property(options, "name"));
  const isWritten = options?.properties.every((at) => {
    const each = propertyName(at.name);
    return each !== "schema" && each !== "name" ? each !== undefined : ts.isPropertyAssignment(at) && literal(at.initializer) !== undefined;
  });
  return { ...(schema === undefined ? {} : { schema }), ...(name === undefined ? {} : { name }), ...(isWritten ? {} : { isComputed: true }) };
}

const typed = new Set(["readCsv", "readJson", "readParquet", "sql"]);

/** The type that `run` says its rows have: of what it returns, or of the one call that it is. */
function rowTypeOf(run: ts.FunctionLikeDeclaration, { span }: Reader): ChainFact | undefined {
  const body = run.body && !ts.isBlock(run.body) ? bare(run.body as ts.Expression) : undefined;
  const callee = body && (ts.isCallExpression(body) ? body.expression : ts.isTaggedTemplateExpression(body) ? body.tag : undefined);
  const given =
    callee && typed.has(chainOf(callee)?.at(-1) ?? "") ? (body as ts.CallExpression | ts.TaggedTemplateExpression).typeArguments?.[0] : undefined;
  const row = rowOf(run.type) ?? (given && ts.isTypeReferenceNode(given) ? given : undefined);
  if (!row || row.typeArguments) return undefined;
  const chain: string[] = [];
  let name: ts.EntityName = row.typeName;
  for (; ts.isQualifiedName(name); name = name.left) chain.unshift(name.right.text);
  return { chain: [name.text, ...chain], span: span(row) };
}

/** What a definition says beyond its key, its group and its upstream. Only what `run` does is left out for an output. */
export function detailsOf(spec: ts.ObjectLiteralExpression, reader: Reader, withRun: boolean) {
  const at = property(spec, "partitions");
  const partitions = at && partitionsOf(at, reader);
  const resources = (objectOf(property(spec, "resources"))?.properties ?? []).flatMap((each) => {
    const value = ts.isPropertyAssignment(each) ? each.initializer : ts.isShorthandPropertyAssignment(each) ? each.name : undefined;
    return (value && chainFact(value, reader)) ?? [];
  });
  const table = tableOf(property(spec, "table"));
  const run = withRun ? runOf(spec) : undefined;
  const mismatch = run && mismatchOf(spec, run, reader);
  const returns = run && returnsOf(run, reader);
  const rowType = run && rowTypeOf(run, reader);
  return {
    ...(partitions ? { partitions } : {}),
    ...(resources.length > 0 ? { resources } : {}),
    ...(table ? { table } : {}),
    ...(mismatch ? { mismatch } : {}),
    ...(returns ? { returns } : {}),
    ...(rowType ? { rowType } : {}),
  };
}

/** The targets of a config that are objects written out. */
export function targetsOf(targets: ts.ObjectLiteralExpression | undefined, { span }: Reader): TargetFact[] {
  return (targets?.properties ?? []).flatMap((at): TargetFact[] => {
    const name = propertyName(at.name);
    const target = ts.isPropertyAssignment(at) ? objectOf(at.initializer) : undefined;
    if (name === undefined || !at.name || !target) return [];
    const bindings = target.properties.flatMap((each) => {
      const bound = propertyName(each.name);
      const value = ts.isPropertyAssignment(each) ? bare(each.initializer) : undefined;
      const maker = value && ts.isCallExpression(value) ? chainOf(value.expression) : undefined;
      return bound === undefined || !each.name ? [] : [{ name: bound, span: span(each.name), ...(maker ? { maker } : {}) }];
    });
    const last = target.properties.at(-1);
    const isWhole = bindings.length === target.properties.length;
    return [{ name, span: span(at.name), bindings, isWhole, end: last ? span(last)[1] : span(target)[0] + 1 }];
  });
}
