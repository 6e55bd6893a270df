import { bare } from "./expressions.ts";
import type { ImportFact } from "./facts.ts";
import { ts } from "./typescript.ts";

/** Whose imports make a call a definition. */
export const packageName = "sluice";

/** Names of the package that matter to the index. */
export const definers = [
  "asset",
  "assets",
  "source",
  "assetCheck",
  "ioManagerKey",
  "resourceKey",
  "defineConfig",
  "self",
  "output",
  "hourlyPartitions",
  "dailyPartitions",
  "weeklyPartitions",
  "monthlyPartitions",
  "cronPartitions",
  "staticPartitions",
  "dynamicPartitions",
  "multiPartitions",
] as const;
/** Those that are called twice: `ioManagerKey()("warehouse")`. */
const curried: ReadonlySet<string | undefined> = new Set(["ioManagerKey", "resourceKey"]);
export type Definer = (typeof definers)[number];

const isDefiner = (name: string): name is Definer => (definers as readonly string[]).includes(name);

/** What the names of the package are called in one file. */
export interface PackageBindings {
  /** The package's function that this call is of, unless a scope around it uses the name for something else. */
  readonly definer: (call: ts.CallExpression) => Definer | undefined;
  /** Finds where one of the names stands; `undefined` when the file imports none of them. */
  readonly pattern: RegExp | undefined;
  /** Calls `inside` while these names mean something else. */
  readonly shadowing: (names: ReadonlySet<string>, inside: () => void) => void;
  readonly isShadowed: (name: string) => boolean;
}

const patterns = new Map<string, RegExp>();

/** Finds the names as whole words. Nearly all files use one of a few sets of names, and making an expression costs more than using it. */
function patternOf(names: readonly string[]): RegExp {
  const alternatives = names.map((name) => name.replaceAll("$", "\\$")).join("|");
  const known = patterns.get(alternatives);
  if (known) return known;
  if (patterns.size > 100) patterns.clear();
  const made = new RegExp(`(?<![\\w$.])(?:${alternatives})(?![\\w$])`, "gu");
  patterns.set(alternatives, made);
  return made;
}

/** Reads the imports of the package, under whatever local name, as a namespace as well. */
export function packageBindings(imports: readonly ImportFact[]): PackageBindings {
  const functions = new Map<string, Definer>();
  const namespaces = new Set<string>();
  for (const { local, imported, spec } of imports) {
    if (spec !== packageName) continue;
    if (imported === "*") namespaces.add(local);
    else if (isDefiner(imported)) functions.set(local, imported);
  }
  const names = [...functions.keys(), ...namespaces];
  const shadows: ReadonlySet<string>[] = [];
  const isShadowed = (name: string) => shadows.some((scope) => scope.has(name));

  const named = (callee: ts.Expression): Definer | undefined => {
    const at = bare(callee);
    if (ts.isIdentifier(at)) return isShadowed(at.text) ? undefined : functions.get(at.text);
    if (!ts.isPropertyAccessExpression(at)) return undefined;
    const left = bare(at.expression);
    const isPackage = ts.isIdentifier(left) && namespaces.has(left.text) && !isShadowed(left.text);
    return isPackage && isDefiner(at.name.text) ? at.name.text : undefined;
  };
  return {
    pattern: names.length === 0 ? undefined : patternOf(names),
    isShadowed,
    shadowing: (scope, inside) => {
      if (scope.size === 0) return inside();
      shadows.push(scope);
      inside();
      shadows.pop();
    },
    definer: (call) => {
      const callee = bare(call.expression);
      if (ts.isCallExpression(callee)) {
        const name = named(callee.expression);
        return curried.has(name) ? name : undefined;
      }
      const name = named(callee);
      return curried.has(name) ? undefined : name;
    },
  };
}

function addNames(name: ts.BindingName, names: Set<string>): void {
  if (ts.isIdentifier(name)) names.add(name.text);
  else for (const element of name.elements) if (ts.isBindingElement(element)) addNames(element.name, names);
}

/** Names that a function declares itself: its parameters and the declarations in its body. */
export function ownNames(node: ts.SignatureDeclaration): ReadonlySet<string> {
  const names = new Set<string>();
  for (const parameter of node.parameters) addNames(parameter.name, names);
  const body = "body" in node ? node.body : undefined;
  if (body && ts.isBlock(body)) {
    for (const statement of body.statements) {
      if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) addNames(name, names);
      else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) names.add(statement.name.text);
    }
  }
  return names;
}
