import type { BoundKeyFact, ExportFact, FileFacts } from "./facts.ts";

/** What a name means in the end: an asset, a partitions definition or a row's type, by its position in its file, or a key that targets bind. */
export type Meaning =
  | { readonly type: "asset"; readonly path: string; readonly index: number }
  | { readonly type: "partitions" | "row-type"; readonly path: string; readonly index: number }
  | { readonly type: "bound-key"; readonly kind: BoundKeyFact["kind"]; readonly name: string };

export interface ResolveHost {
  /** Facts of a file of the workspace. */
  readonly facts: (path: string) => FileFacts | undefined;
  readonly module: (spec: string, from: string, seen: Set<string>) => string | undefined;
}

export interface Resolver {
  /** What a chain such as `["ns", "sales"]` means at a file's top level. Files that the answer hangs on are added to `seen`. */
  readonly resolve: (path: string, chain: readonly string[], seen: Set<string>) => Meaning | undefined;
}

interface Scope {
  readonly own: ReadonlyMap<string, Meaning>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly imports: ReadonlyMap<string, FileFacts["imports"][number]>;
  readonly exports: ReadonlyMap<string, ExportFact>;
  readonly stars: readonly string[];
}

/** More than the files that link to each other closely; all of them would take more memory than the index itself. */
const rememberedFiles = 1000;

const textOf = (path: readonly string[]) => path.join("\n");

function scopeOf(path: string, facts: FileFacts): Scope {
  const own = new Map<string, Meaning>();
  facts.assets.forEach((asset, index) => {
    if (asset.path) own.set(textOf(asset.path), { type: "asset", path, index });
  });
  for (const { path: at, kind, name } of facts.boundKeys) own.set(textOf(at), { type: "bound-key", kind, name });
  facts.partitions.forEach((each, index) => {
    own.set(textOf(each.path), { type: "partitions", path, index });
  });
  facts.rowTypes.forEach(({ name }, index) => {
    if (!own.has(name)) own.set(name, { type: "row-type", path, index });
  });
  return {
    own,
    aliases: new Map(facts.aliases.map((alias) => [textOf(alias.path), alias.chain])),
    imports: new Map([...facts.typeImports, ...facts.imports].map((item) => [item.local, item])),
    exports: new Map(facts.exports.filter(({ name }) => name !== "*").map((item) => [item.name, item])),
    stars: facts.exports.flatMap(({ name, spec }) => (name === "*" && spec !== undefined ? [spec] : [])),
  };
}

/** Follows names through imports, re-exports, barrels and namespaces. Holds only while no file changes: made anew for each batch. */
export function createResolver(host: ResolveHost): Resolver {
  const scopes = new Map<string, Scope | undefined>();
  const answers = new Map<string, { readonly meaning: Meaning | undefined; readonly seen: ReadonlySet<string> }>();

  const scope = (path: string): Scope | undefined => {
    if (scopes.has(path)) return scopes.get(path);
    if (scopes.size > rememberedFiles) scopes.clear();
    const facts = host.facts(path);
    const made = facts && scopeOf(path, facts);
    scopes.set(path, made);
    return made;
  };

  const inFile = (path: string, chain: readonly string[], seen: Set<string>, visited: Set<string>): Meaning | undefined => {
    const question = `${path}\n\n${textOf(chain)}`;
    if (chain.length === 0 || visited.has(question)) return undefined;
    visited.add(question);
    seen.add(path);
    const found = scope(path);
    if (!found) return undefined;
    const own = found.own.get(textOf(chain));
    if (own) return own;
    for (let length = chain.length; length > 0; length--) {
      const alias = found.aliases.get(textOf(chain.slice(0, length)));
      if (alias) return inFile(path, [...alias, ...chain.slice(length)], seen, visited);
    }
    const [first, ...rest] = chain;
    const item = found.imports.get(first!);
    if (!item) return undefined;
    const target = host.module(item.spec, path, seen);
    if (target === undefined) return undefined;
    const wanted = item.imported === "*" ? rest : [item.imported, ...rest];
    return visited.size === 1 ? fromOutside(target, wanted, seen) : exported(target, wanted, seen, visited);
  };

  /** Many files ask a barrel for the same name. Only a whole answer is kept: one found inside a cycle of re-exports is partial. */
  const fromOutside = (path: string, chain: readonly string[], seen: Set<string>): Meaning | undefined => {
    const question = `${path}\n${textOf(chain)}`;
    let answer = answers.get(question);
    if (!answer) {
      const own = new Set<string>();
      answer = { meaning: exported(path, chain, own, new Set()), seen: own };
      answers.set(question, answer);
    }
    for (const file of answer.seen) seen.add(file);
    return answer.meaning;
  };

  const exported = (path: string, chain: readonly string[], seen: Set<string>, visited: Set<string>): Meaning | undefined => {
    const question = `${path}\n${textOf(chain)}`;
    const [name, ...rest] = chain;
    if (name === undefined || visited.has(question)) return undefined;
    visited.add(question);
    seen.add(path);
    const found = scope(path);
    if (!found) return undefined;
    const item = found.exports.get(name);
    if (item) {
      if (item.spec === undefined) return inFile(path, [item.local ?? name, ...rest], seen, visited);
      const target = host.module(item.spec, path, seen);
      if (target === undefined) return undefined;
      return exported(target, item.imported === "*" ? rest : [item.imported ?? name, ...rest], seen, visited);
    }
    if (name === "default") return undefined;
    for (const spec of found.stars) {
      const target = host.module(spec, path, seen);
      const meaning = target === undefined ? undefined : exported(target, chain, seen, visited);
      if (meaning) return meaning;
    }
    return undefined;
  };

  return { resolve: (path, chain, seen) => inFile(path, chain, seen, new Set()) };
}
