import { type DeclarationFact, type ExportFact, type FileFacts, hashOf } from "./facts.ts";

/** What the closure needs to know of the other modules. */
export interface ModuleFacts {
  readonly facts: (file: string) => FileFacts | undefined;
  readonly contentHash: (file: string) => string | undefined;
  /** The project file an import leads to; `undefined` for packages. */
  readonly target: (specifier: string, from: string) => string | undefined;
  /** True for a name whose value is an asset, which is an upstream and no code that `run` depends on. */
  readonly isAsset: (file: string, name: string) => boolean;
}

/**
 * Hash of what an asset's `run` depends on: its own declaration and, by name, the declarations it mentions, here and in the project's other
 * modules; packages by their name only. Comments, white space, types and other assets do not count. Equal on every machine.
 */
export function codeVersionOf(file: string, name: string, modules: ModuleFacts): string | undefined {
  const found = modules.facts(file);
  if (!found) return undefined;
  const parts: string[] = [];
  const seen = new Set<string>();
  const visitors = { parts, seen, modules };
  visitExport(file, name, visitors, true);
  return hashOf(parts.sort().join("\n"));
}

interface Closure {
  readonly parts: string[];
  readonly seen: Set<string>;
  readonly modules: ModuleFacts;
}

function visitExport(file: string, exported: string, closure: Closure, start = false): void {
  const { modules, seen } = closure;
  const id = `export ${file} ${exported}`;
  if (seen.has(id) || (!start && modules.isAsset(file, exported))) return;
  seen.add(id);
  const facts = modules.facts(file);
  if (!facts) {
    addWhole(file, closure);
    return;
  }
  if (exported === "*") {
    for (const declaration of facts.declarations) visitDeclaration(file, facts, declaration, closure);
    for (const each of facts.exports) if (each.from !== undefined) visitImport(file, each.from, each.local, closure);
    return;
  }
  const own = facts.exports.find((each) => each.exported === exported);
  const declaration = own?.from === undefined && facts.declarations.find((each) => each.names.includes(own?.local ?? exported));
  const imported = own && facts.imports.find((each) => each.local === own.local);
  const stars = facts.exports.filter((each) => each.exported === "*" && each.from !== undefined);
  if (own?.from !== undefined) visitImport(file, own.from, own.local, closure);
  else if (declaration) visitDeclaration(file, facts, declaration, closure, start);
  else if (imported) visitImport(file, imported.from, imported.name, closure);
  else if (stars.length > 0) visitStars(file, stars, exported, closure);
  else addWhole(file, closure);
}

function visitStars(file: string, stars: readonly ExportFact[], exported: string, closure: Closure): void {
  for (const each of stars) {
    const target = closure.modules.target(each.from ?? "", file);
    if (target) visitExport(target, exported, closure);
  }
}

function visitImport(file: string, from: string, name: string, closure: Closure): void {
  const target = closure.modules.target(from, file);
  if (target) visitExport(target, name, closure);
  else closure.parts.push(`package ${from}#${name}`);
}

function visitDeclaration(file: string, facts: FileFacts, declaration: DeclarationFact, closure: Closure, start = false): void {
  const id = `declaration ${file} ${facts.declarations.indexOf(declaration)}`;
  if (closure.seen.has(id)) return;
  if (!start && (declaration.asset || declaration.names.some((name) => closure.modules.isAsset(file, name)))) return;
  closure.seen.add(id);
  closure.parts.push(`code ${declaration.hash}`);
  for (const word of declaration.words) {
    for (const other of facts.declarations) if (other.names.includes(word)) visitDeclaration(file, facts, other, closure);
    for (const each of facts.imports) if (each.local === word) visitImport(file, each.from, each.name, closure);
  }
  for (const from of declaration.imports ?? []) visitImport(file, from, "*", closure);
  // what is done to a name at the top of its file, such as `helper.option = 1`, is part of it
  if (start) return;
  for (const other of facts.declarations) {
    if (other.names.length === 0 && other.words.some((word) => declaration.names.includes(word))) visitDeclaration(file, facts, other, closure);
  }
}

/** A module whose structure is not known, such as CommonJS: all of it counts, and what it is seen to import. */
function addWhole(file: string, closure: Closure): void {
  const id = `whole ${file}`;
  if (closure.seen.has(id)) return;
  closure.seen.add(id);
  closure.parts.push(`content ${closure.modules.contentHash(file) ?? "gone"}`);
  for (const each of closure.modules.facts(file)?.imports ?? []) visitImport(file, each.from, each.name, closure);
}
