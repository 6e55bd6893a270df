import { createHash } from "node:crypto";
import type ts from "typescript";

type TypeScript = typeof ts;

/** Where one imported name stands and comes from. */
export interface ImportFact {
  readonly local: string;
  readonly from: string;
  /** Name in the other module; "*" for all of it. */
  readonly name: string;
}
export interface ExportFact {
  /** "*" for `export * from`. */
  readonly exported: string;
  /** Name in this file, or in `from`. */
  readonly local: string;
  readonly from?: string;
}
/** One top-level statement, or one declared variable of it. */
export interface DeclarationFact {
  /** Names it declares; none for a statement that only does something. */
  readonly names: readonly string[];
  /** Hash of its words, without comments and spaces. */
  readonly hash: string;
  /** Names it mentions. */
  readonly words: readonly string[];
  /** Modules it imports when it runs. */
  readonly imports?: readonly string[];
  /** True for `x = asset(...)`, `assets(...)` and `source(...)`. */
  readonly asset?: true;
}
/** Place of something in the file as the user wrote it; both count from 1. */
export interface FactPlace {
  readonly line: number;
  readonly column: number;
}
/** What code versions and error messages need to know of one module. */
export interface FileFacts {
  readonly declarations: readonly DeclarationFact[];
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  /** By import specifier, and by `specifier#name` for imported names. */
  readonly importPlaces: Readonly<Record<string, FactPlace>>;
  /** By name of a top-level declaration. */
  readonly places: Readonly<Record<string, FactPlace>>;
}

/** What an asset says about itself that `run` does not depend on. */
const onlyDescribes = new Set(["description", "group", "kinds", "tags", "owners", "metadata", "retry", "timeout", "pool", "codeVersion"]);
const definers = new Set(["asset", "assets", "source"]);

/** Short hash of a text. */
export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Reads the facts of a module: structure from its JavaScript, where types are gone, and places from the file as it was written. */
export function readFacts(ts: TypeScript, written: ts.SourceFile, javascript: ts.SourceFile): FileFacts {
  const imports: ImportFact[] = [];
  const exports: ExportFact[] = [];
  const declarations: DeclarationFact[] = [];
  for (const statement of javascript.statements) {
    if (ts.isImportDeclaration(statement)) imports.push(...importFacts(ts, statement));
    else if (ts.isExportDeclaration(statement)) exports.push(...exportFacts(ts, statement));
  }
  const sluice = new Set(
    imports.filter((each) => each.from === "sluice" && (definers.has(each.name) || each.name === "*")).map((each) => each.local),
  );
  for (const statement of javascript.statements) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) continue;
    const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some((each) => each.kind === ts.SyntaxKind.ExportKeyword);
    const isDefault = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some((each) => each.kind === ts.SyntaxKind.DefaultKeyword);
    const add = (node: ts.Node, names: readonly string[], call?: ts.Expression) => {
      declarations.push(declarationFact(ts, javascript, node, names, isDefinition(ts, call, sluice)));
      if (isExported) for (const name of names) exports.push({ exported: isDefault ? "default" : name, local: name });
    };
    if (ts.isVariableStatement(statement)) {
      for (const each of statement.declarationList.declarations) add(each, namesOf(ts, each.name), each.initializer);
    } else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && (statement.name || isDefault)) {
      add(statement, [statement.name?.text ?? "default"]);
    } else if (ts.isExportAssignment(statement)) {
      if (ts.isIdentifier(statement.expression)) exports.push({ exported: "default", local: statement.expression.text });
      else {
        exports.push({ exported: "default", local: "default" });
        add(statement, ["default"], statement.expression);
      }
    } else add(statement, []);
  }
  return { declarations, imports, exports, ...placesOf(ts, written) };
}

function importFacts(ts: TypeScript, statement: ts.ImportDeclaration): readonly ImportFact[] {
  const from = (statement.moduleSpecifier as ts.StringLiteral).text;
  const clause = statement.importClause;
  const bindings = clause?.namedBindings;
  return [
    ...(clause?.name ? [{ local: clause.name.text, from, name: "default" }] : []),
    ...(bindings && ts.isNamespaceImport(bindings) ? [{ local: bindings.name.text, from, name: "*" }] : []),
    ...(bindings && ts.isNamedImports(bindings)
      ? bindings.elements.map((each) => ({ local: each.name.text, from, name: (each.propertyName ?? each.name).text }))
      : []),
  ];
}

function exportFacts(ts: TypeScript, statement: ts.ExportDeclaration): readonly ExportFact[] {
  const from = statement.moduleSpecifier && ts.isStringLiteral(statement.moduleSpecifier) ? { from: statement.moduleSpecifier.text } : {};
  const clause = statement.exportClause;
  if (!clause) return [{ exported: "*", local: "*", ...from }];
  if (ts.isNamespaceExport(clause)) return [{ exported: clause.name.text, local: "*", ...from }];
  return clause.elements.map((each) => ({ exported: each.name.text, local: (each.propertyName ?? each.name).text, ...from }));
}

function namesOf(ts: TypeScript, name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((each) => (ts.isOmittedExpression(each) ? [] : namesOf(ts, each.name)));
}

/** True for a call of a function imported from `sluice` that defines assets. */
function isDefinition(ts: TypeScript, node: ts.Expression | undefined, sluice: ReadonlySet<string>): boolean {
  if (!node || !ts.isCallExpression(node)) return false;
  const called = node.expression;
  if (ts.isIdentifier(called)) return sluice.has(called.text);
  return (
    ts.isPropertyAccessExpression(called) &&
    ts.isIdentifier(called.expression) &&
    sluice.has(called.expression.text) &&
    definers.has(called.name.text)
  );
}

function declarationFact(ts: TypeScript, file: ts.SourceFile, node: ts.Node, names: readonly string[], asset: boolean): DeclarationFact {
  const words = new Set<string>();
  const imports = new Set<string>();
  const spec = asset ? specOf(ts, node) : undefined;
  const left = new Set<ts.Node>(spec?.properties.filter((each) => each.name && ts.isIdentifier(each.name) && onlyDescribes.has(each.name.text)));
  const visit = (child: ts.Node): void => {
    if (left.has(child)) return;
    if (ts.isIdentifier(child)) words.add(child.text);
    if (ts.isCallExpression(child) && child.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const target = child.arguments[0];
      if (target && ts.isStringLiteralLike(target)) imports.add(target.text);
    }
    if (ts.isPropertyAccessExpression(child)) visit(child.expression);
    else if (ts.isPropertyAssignment(child)) {
      if (ts.isComputedPropertyName(child.name)) visit(child.name);
      visit(child.initializer);
    } else ts.forEachChild(child, visit);
  };
  visit(node);
  for (const name of names) words.delete(name);

  const tokens: string[] = [];
  const collect = (child: ts.Node): void => {
    if (left.has(child) || (child.kind >= ts.SyntaxKind.FirstJSDocNode && child.kind <= ts.SyntaxKind.LastJSDocNode)) return;
    const parts = child === spec ? spec.properties : child.getChildren(file);
    if (parts.length > 0) for (const part of parts) collect(part);
    else if (child.end > child.pos) tokens.push(child.getText(file));
  };
  collect(node);
  return {
    names,
    hash: hashOf(tokens.join("\n")),
    words: [...words].sort(),
    ...(imports.size > 0 ? { imports: [...imports].sort() } : {}),
    ...(asset ? { asset: true } : {}),
  };
}

/** The object literal that describes the asset, where it stands in the call itself. */
function specOf(ts: TypeScript, node: ts.Node): ts.ObjectLiteralExpression | undefined {
  const call = ts.isVariableDeclaration(node) ? node.initializer : ts.isExportAssignment(node) ? node.expression : undefined;
  const spec = call && ts.isCallExpression(call) ? call.arguments[1] : undefined;
  return spec && ts.isObjectLiteralExpression(spec) ? spec : undefined;
}

function placesOf(ts: TypeScript, written: ts.SourceFile): Pick<FileFacts, "importPlaces" | "places"> {
  const importPlaces: Record<string, FactPlace> = {};
  const places: Record<string, FactPlace> = {};
  const at = (node: ts.Node): FactPlace => {
    const { line, character } = written.getLineAndCharacterOfPosition(node.getStart(written));
    return { line: line + 1, column: character + 1 };
  };
  for (const statement of written.statements) {
    if ((ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier) {
      const from = (statement.moduleSpecifier as ts.StringLiteral).text;
      importPlaces[from] ??= at(statement.moduleSpecifier);
      const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
      if (ts.isImportDeclaration(statement) && statement.importClause?.name) importPlaces[`${from}#default`] ??= at(statement.importClause.name);
      if (bindings && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) {
        for (const each of bindings.elements) importPlaces[`${from}#${(each.propertyName ?? each.name).text}`] ??= at(each);
      }
    } else if (ts.isVariableStatement(statement)) {
      for (const each of statement.declarationList.declarations) for (const name of namesOf(ts, each.name)) places[name] ??= at(statement);
    } else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) {
      places[statement.name.text] ??= at(statement);
    } else if (ts.isExportAssignment(statement)) places["default"] ??= at(statement);
  }
  return { importPlaces, places };
}
