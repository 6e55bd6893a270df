import { type AliasFact, type AssetFact, defaultExport, type ExportFact, type ImportFact } from "./facts.ts";
import { ts } from "./typescript.ts";

/** Imports that exist when the module runs. */
export const importsOf = (source: ts.SourceFile): ImportFact[] => namesImported(source, false);
/** Imports of types. */
export const typeImportsOf = (source: ts.SourceFile): ImportFact[] => namesImported(source, true);

function namesImported(source: ts.SourceFile, types: boolean): ImportFact[] {
  const imports: ImportFact[] = [];
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const clause = statement.importClause;
    if (!clause) continue;
    const isType = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
    if (isType && !types) continue;
    const spec = statement.moduleSpecifier.text;
    if (clause.name && isType === types) imports.push({ local: clause.name.text, imported: "default", spec });
    const named = clause.namedBindings;
    if (!named) continue;
    if (ts.isNamespaceImport(named)) {
      if (isType === types) imports.push({ local: named.name.text, imported: "*", spec });
    } else {
      for (const element of named.elements) {
        if ((isType || element.isTypeOnly) === types)
          imports.push({ local: element.name.text, imported: (element.propertyName ?? element.name).text, spec });
      }
    }
  }
  return imports;
}

/** Exports written as such: `export { a as b }`, with and without `from`, and `export *`. */
export function exportsOf(source: ts.SourceFile): ExportFact[] {
  const exports: ExportFact[] = [];
  for (const statement of source.statements) {
    if (!ts.isExportDeclaration(statement) || statement.isTypeOnly) continue;
    const spec = statement.moduleSpecifier && ts.isStringLiteral(statement.moduleSpecifier) ? statement.moduleSpecifier.text : undefined;
    const clause = statement.exportClause;
    if (!clause) {
      if (spec !== undefined) exports.push({ name: "*", spec });
    } else if (ts.isNamespaceExport(clause)) {
      if (spec !== undefined) exports.push({ name: clause.name.text, imported: "*", spec });
    } else {
      for (const { name, propertyName, isTypeOnly } of clause.elements) {
        if (isTypeOnly) continue;
        const original = (propertyName ?? name).text;
        exports.push(spec === undefined ? { name: name.text, local: original } : { name: name.text, imported: original, spec });
      }
    }
  }
  return exports;
}

const isExported = (statement: ts.VariableStatement | ts.InterfaceDeclaration | ts.TypeAliasDeclaration) =>
  statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

function namesOf(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesOf(element.name) : []));
}

/** Exports that a declaration makes: `export const a`, `export interface A`, `export default`. */
export function declaredExports(source: ts.SourceFile): ExportFact[] {
  const exports: ExportFact[] = [];
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement) && isExported(statement)) {
      for (const { name } of statement.declarationList.declarations) exports.push(...namesOf(name).map((local) => ({ name: local, local })));
    } else if ((ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && isExported(statement)) {
      exports.push({ name: statement.name.text, local: statement.name.text });
    } else if (ts.isExportAssignment(statement) && !statement.isExportEquals) exports.push({ name: "default", local: defaultExport });
  }
  return exports;
}

/** Marks the assets that an export reaches, also through arrays, objects and other names. */
export function withExported(assets: readonly AssetFact[], aliases: readonly AliasFact[], exports: readonly ExportFact[]): AssetFact[] {
  const reached = new Set(exports.flatMap(({ local }) => local ?? []));
  for (const local of reached) for (const { path, chain } of aliases) if (path[0] === local) reached.add(chain[0]!);
  return assets.map((asset) => (asset.path && reached.has(asset.path[0]!) ? { ...asset, exported: true } : asset));
}
