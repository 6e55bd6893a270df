import { ownNames, type PackageBindings } from "./bindings.ts";
import { detailsOf, partitionsFact, targetsOf } from "./details.ts";
import { bare, chainOf, literal, literals, objectOf, peeled, property, propertyName } from "./expressions.ts";
import {
  type AliasFact,
  type AssetFact,
  type BoundKeyFact,
  type CheckFact,
  type ConfigFact,
  defaultExport,
  type NamedPartitionsFact,
  type Span,
} from "./facts.ts";
import { type ReferenceReader, refOf, refsOf } from "./references.ts";
import { ts } from "./typescript.ts";

export interface Definitions {
  readonly aliases: AliasFact[];
  readonly assets: AssetFact[];
  readonly boundKeys: BoundKeyFact[];
  readonly partitions: NamedPartitionsFact[];
  readonly checks: CheckFact[];
  config?: ConfigFact;
}

/** Where a definition is bound: its place in the file's scope, the name's span, and the whole declaration's. */
interface Place {
  readonly path?: readonly string[] | undefined;
  readonly nameSpan?: Span | undefined;
  readonly span?: Span | undefined;
}

/**
 * Finds every definition in a syntax tree. `from` is added to all offsets: the tree may be of a piece of the file.
 * Only where a name of the package occurs is the tree walked below its top level.
 */
export function definitionsOf(source: ts.SourceFile, bindings: PackageBindings, from = 0): Definitions {
  const found: Definitions = { aliases: [], assets: [], boundKeys: [], partitions: [], checks: [] };
  const recorded = new Map<ts.Node, number>();
  const hits = bindings.pattern ? Array.from(source.text.matchAll(bindings.pattern), ({ index }) => index) : [];
  const span = (node: ts.Node): Span => [node.getStart(source) + from, node.end + from];

  const hasHit = ({ pos, end }: ts.Node): boolean => {
    let low = 0;
    let high = hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hits[middle]! < pos) low = middle + 1;
      else high = middle;
    }
    return low < hits.length && hits[low]! < end;
  };

  const visit = (node: ts.Node): void => {
    if (!hasHit(node)) return;
    if (ts.isCallExpression(node) && define(node, {})) return;
    if (ts.isFunctionLike(node)) bindings.shadowing(ownNames(node), () => ts.forEachChild(node, visit));
    else ts.forEachChild(node, visit);
  };

  /** `run` is left out: what it calls is not defined before it runs. */
  const visitSpec = (spec: ts.Expression | undefined) => {
    const object = objectOf(spec);
    if (!object) return spec && visit(spec);
    for (const at of object.properties) if (propertyName(at.name) !== "run") visit(at);
  };

  /** What the definition says about itself; of two specs the first counts. */
  const describe = (...specs: readonly (ts.ObjectLiteralExpression | undefined)[]) => {
    let group: string | undefined;
    let description: string | undefined;
    let manager: ts.Expression | undefined;
    for (const spec of specs) {
      for (const at of spec?.properties ?? []) {
        const value = ts.isPropertyAssignment(at) ? at.initializer : ts.isShorthandPropertyAssignment(at) ? at.name : undefined;
        const name = value && propertyName(at.name);
        if (name === "group") group ??= literal(value);
        else if (name === "description") description ??= literal(value);
        else if (name === "ioManager") manager ??= value;
      }
    }
    const chain = manager && chainOf(manager);
    return {
      ...(group === undefined ? {} : { group }),
      ...(description === undefined ? {} : { description }),
      ...(manager && chain && !bindings.isShadowed(chain[0]!) ? { ioManager: { chain, span: span(manager) } } : {}),
    };
  };

  const add = (node: ts.Node, asset: AssetFact): number => {
    const index = found.assets.push(asset) - 1;
    recorded.set(node, index);
    return index;
  };

  const addAsset = (call: ts.CallExpression, kind: "asset" | "source", { path, nameSpan, span: whole }: Place) => {
    const [first, second] = call.arguments;
    if (!first) return;
    const key = keyOf(first);
    const spec = objectOf(second);
    const fact: AssetFact = {
      kind,
      ...(path ? { path } : {}),
      ...(key === undefined ? {} : { key }),
      span: whole ?? span(call),
      keySpan: key === undefined ? span(call) : span(bare(first)),
      ...(nameSpan ? { nameSpan } : {}),
      ...describe(spec),
      ...(spec ? detailsOf(spec, reader, true) : {}),
      refs: [],
    };
    const index = add(call, fact);
    if (spec && kind === "asset") found.assets[index] = { ...fact, refs: refsOf(spec, reader) };
    visitSpec(second);
  };

  const addOutputs = (call: ts.CallExpression, { path }: Place, renamed?: ReadonlyMap<string, string>) => {
    const [first, second] = call.arguments;
    if (!first) return;
    const prefix = keyOf(first);
    const spec = objectOf(second);
    const refs = spec ? refsOf(spec, reader) : [];
    const { mismatch, returns, rowType, table, ...shared } = spec ? detailsOf(spec, reader, true) : {};
    let isFirst = true;
    for (const at of objectOf(spec && property(spec, "outputs"))?.properties ?? []) {
      const name = propertyName(at.name);
      if (!at.name || name === undefined || name === "") continue;
      const options = ts.isPropertyAssignment(at) ? bare(at.initializer) : undefined;
      const own = options && ts.isCallExpression(options) ? objectOf(options.arguments[0]) : undefined;
      const local = renamed?.get(name);
      const reached = path ? [...path, name] : local === undefined ? undefined : [local];
      add(at, {
        kind: "output",
        ...(reached ? { path: reached } : {}),
        ...(prefix === undefined ? {} : { key: `${prefix}/${name}` }),
        span: span(at),
        keySpan: span(at.name),
        nameSpan: span(at.name),
        ...describe(own, spec),
        ...shared,
        ...(own ? detailsOf(own, reader, false) : {}),
        // What the shared `run` does is told once.
        ...(isFirst && mismatch ? { mismatch } : {}),
        refs,
      });
      isFirst = false;
    }
    visitSpec(second);
  };

  const addCheck = (call: ts.CallExpression) => {
    const [first, second] = call.arguments;
    const ref = first && refOf(first, reader);
    const name = literal(objectOf(second) && property(objectOf(second)!, "name"));
    if (ref) found.checks.push({ ...(name === undefined ? {} : { name }), ref });
    visitSpec(second);
  };

  const addConfig = (call: ts.CallExpression) => {
    const spec = objectOf(call.arguments[0]);
    if (!spec) return;
    const assets = literals(property(spec, "assets"));
    const defaultTarget = literal(property(spec, "defaultTarget"));
    const written = objectOf(property(spec, "targets"));
    const targets = (written?.properties ?? []).flatMap(({ name }) => propertyName(name) ?? []);
    const bound = targetsOf(written, reader);
    found.config = { ...(assets ? { assets } : {}), targets, bound, ...(defaultTarget === undefined ? {} : { defaultTarget }) };
  };

  /** Records what the call defines; false when it is no call of the package's. */
  const define = (call: ts.CallExpression, place: Place): boolean => {
    if (recorded.has(call)) return true;
    const definer = bindings.definer(call);
    switch (definer) {
      case "asset":
      case "source":
        addAsset(call, definer, place);
        return true;
      case "assets":
        addOutputs(call, place);
        return true;
      case "assetCheck":
        addCheck(call);
        return true;
      case "defineConfig":
        addConfig(call);
        return true;
      case "ioManagerKey":
      case "resourceKey": {
        const name = literal(call.arguments[0]);
        const kind = definer === "resourceKey" ? "resource" : "io-manager";
        if (name !== undefined && place.path) found.boundKeys.push({ kind, path: place.path, name, span: span(call.arguments[0]!) });
        return true;
      }
      default: {
        const partitions = place.path && partitionsFact(call, reader);
        if (partitions) found.partitions.push({ path: place.path!, ...partitions });
        return partitions !== undefined;
      }
    }
  };

  const reader: ReferenceReader = {
    source,
    bindings,
    span,
    define: (call) => {
      visit(call);
      return recorded.get(call);
    },
  };

  /** A value that the file's top level can reach as `path`. */
  const bind = (path: readonly string[], value: ts.Expression, nameSpan: Span | undefined, whole: Span): void => {
    const at = bare(value);
    if (ts.isCallExpression(at) && define(at, { path, nameSpan, span: whole })) return;
    if (ts.isObjectLiteralExpression(at)) {
      for (const member of at.properties) {
        const name = propertyName(member.name);
        if (name !== undefined && ts.isPropertyAssignment(member)) bind([...path, name], member.initializer, span(member.name), span(member));
        else if (ts.isShorthandPropertyAssignment(member)) found.aliases.push({ path: [...path, member.name.text], chain: [member.name.text] });
        else visit(member);
      }
      return;
    }
    if (ts.isArrayLiteralExpression(at)) {
      at.elements.forEach((element, index) => {
        bind([...path, String(index)], element, undefined, span(element));
      });
      return;
    }
    const chain = chainOf(peeled(at));
    if (chain) found.aliases.push({ path, chain });
    visit(at);
  };

  /** `const { good, bad: rest } = …` */
  const bindPattern = (pattern: ts.ObjectBindingPattern, value: ts.Expression) => {
    const names = new Map<string, string>();
    for (const element of pattern.elements) {
      const name = propertyName(element.propertyName ?? (ts.isIdentifier(element.name) ? element.name : undefined));
      if (name !== undefined && !element.dotDotDotToken && ts.isIdentifier(element.name)) names.set(name, element.name.text);
    }
    const at = bare(value);
    if (ts.isCallExpression(at) && bindings.definer(at) === "assets") return addOutputs(at, {}, names);
    const chain = chainOf(at);
    if (chain) for (const [name, local] of names) found.aliases.push({ path: [local], chain: [...chain, name] });
    visit(at);
  };

  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      const { declarations } = statement.declarationList;
      for (const declaration of declarations) {
        const { name, initializer } = declaration;
        if (!initializer) continue;
        if (ts.isIdentifier(name)) bind([name.text], initializer, span(name), span(declarations.length === 1 ? statement : declaration));
        else if (ts.isObjectBindingPattern(name)) bindPattern(name, initializer);
        else visit(initializer);
      }
    } else if (ts.isExportAssignment(statement)) bind([defaultExport], statement.expression, undefined, span(statement));
    else if (!ts.isImportDeclaration(statement)) visit(statement);
  }
  return found;
}

/** A key counts only where it is written out whole. */
function keyOf(node: ts.Expression): string | undefined {
  const at = bare(node);
  return ts.isStringLiteralLike(at) ? at.text : undefined;
}
