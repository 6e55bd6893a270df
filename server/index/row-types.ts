import { propertyName } from "./expressions.ts";
import type { RowMemberFact, RowTypeFact, Span } from "./facts.ts";
import { ts } from "./typescript.ts";

const keywords: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
  [ts.SyntaxKind.BigIntKeyword, "bigint"],
  [ts.SyntaxKind.UndefinedKeyword, "undefined"],
]);
const classes = new Set(["Date", "Uint8Array"]);

/** The types of a union; "?" for each that no column is known to have. */
function typesOf(node: ts.TypeNode): string[] {
  if (ts.isParenthesizedTypeNode(node)) return typesOf(node.type);
  if (ts.isUnionTypeNode(node)) return [...new Set(node.types.flatMap(typesOf))];
  if (ts.isLiteralTypeNode(node)) {
    if (node.literal.kind === ts.SyntaxKind.NullKeyword) return ["null"];
    return [ts.isStringLiteralLike(node.literal) ? "string" : ts.isNumericLiteral(node.literal) ? "number" : "?"];
  }
  if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && classes.has(node.typeName.text)) return [node.typeName.text];
  return [keywords.get(node.kind) ?? "?"];
}

/** Interfaces and object types at the top level that have properties only and take nothing from others. */
export function rowTypesOf(source: ts.SourceFile, from = 0): RowTypeFact[] {
  const span = (node: ts.Node): Span => [node.getStart(source) + from, node.end + from];
  return source.statements.flatMap((statement): RowTypeFact[] => {
    const isInterface = ts.isInterfaceDeclaration(statement) && !statement.heritageClauses && !statement.typeParameters;
    const alias = ts.isTypeAliasDeclaration(statement) && !statement.typeParameters ? statement.type : undefined;
    const literal = alias && ts.isTypeLiteralNode(alias) ? alias : undefined;
    const members = isInterface ? statement.members : literal?.members;
    if (!members || !(isInterface || literal)) return [];
    const facts = members.flatMap((member): RowMemberFact[] => {
      const name = ts.isPropertySignature(member) ? propertyName(member.name) : undefined;
      if (!ts.isPropertySignature(member) || name === undefined || !member.type) return [];
      const optional = member.questionToken ? { optional: true as const } : {};
      return [{ name, span: span(member.name), typeSpan: span(member.type), types: typesOf(member.type), ...optional }];
    });
    if (facts.length !== members.length) return [];
    const { name } = statement as ts.InterfaceDeclaration | ts.TypeAliasDeclaration;
    return [{ name: name.text, body: [members.pos + from, members.end + from], members: facts }];
  });
}

/** The row's type in the type of several rows: `Sale` of `readonly Sale[]`, `Promise<Batches<Sale>>` and their like. */
export function rowOf(node: ts.TypeNode | undefined): ts.TypeReferenceNode | undefined {
  if (!node) return undefined;
  if (ts.isTypeOperatorNode(node)) return rowOf(node.type);
  if (ts.isArrayTypeNode(node)) return ts.isTypeReferenceNode(node.elementType) ? node.elementType : undefined;
  if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName)) return undefined;
  const inner = node.typeArguments?.[0];
  if (node.typeName.text === "Promise") return rowOf(inner);
  if (!["Array", "ReadonlyArray", "Batches", "SqlQuery"].includes(node.typeName.text)) return undefined;
  return inner && ts.isTypeReferenceNode(inner) ? inner : undefined;
}
