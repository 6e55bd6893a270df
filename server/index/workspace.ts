import type { IndexedAsset, IndexedProject } from "../../runtime/src/model/graph.ts";
import { keyMistake } from "../../runtime/src/model/keys.ts";
import { cyclesFrom } from "./cycles.ts";
import { describe } from "./describe.ts";
import type { FileFacts, RefFact } from "./facts.ts";
import { linkFile, scopeKey } from "./link.ts";
import { createModules, type ModuleDisk, settings } from "./modules.ts";
import { type Node, nodesOf } from "./node.ts";
import { isConfig, isInside } from "./paths.ts";
import { createProjects, type Projects } from "./projects.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createResolver, type Resolver } from "./resolve.ts";
import { createReverse } from "./reverse.ts";

export interface WorkspaceOptions {
  readonly disk: ModuleDisk;
  /** Facts of a file that exists but was not indexed, because it never names the package; asked for when an import leads there. */
  readonly load: (path: string) => FileFacts | undefined;
}

/** What changed. All parts are one step: nobody sees the graph in between. */
export interface Update {
  readonly facts?: ReadonlyMap<string, FileFacts>;
  readonly added?: Iterable<string>;
  readonly removed?: Iterable<string>;
  /** A tsconfig.json or package.json came, went or changed. */
  readonly settings?: boolean;
}

type Reading = Pick<
  Registry,
  "has" | "facts" | "lastGood" | "packed" | "parses" | "nodesIn" | "nodes" | "keys" | "places" | "fact" | "edges" | "downstream"
>;

/** The index: files, the assets in them, and who reads whom. Knows neither protocol nor clock, and the disk only through its options. */
export interface Workspace extends Reading {
  readonly update: (update: Update) => void;
  /** Like `update`, but leaves references to `linkPending`: for the first index, where most of what they name is still to come. */
  readonly collect: (update: Update) => void;
  /** Links what `collect` left until `stop()` is true; true when nothing is left. */
  readonly linkPending: (stop: () => boolean) => boolean;
  /** Paths of all source files, indexed or not. */
  readonly files: ReadonlySet<string>;
  /** By id, the group of assets waiting for each other that an asset belongs to. */
  readonly cycles: () => ReadonlyMap<string, readonly string[]>;
  /** Folder of a file's project; "" where there is none. */
  readonly projectOf: (path: string) => string;
  readonly projects: () => readonly IndexedProject[];
  /** The config file of a project folder, and what its syntax shows. */
  readonly configOf: Projects["configOf"];
  /** `undefined` for what is not, or no longer, part of the graph. */
  readonly describe: (id: string) => IndexedAsset | undefined;
  /** Files with something to find fault with: every file that a diagnostic can be in, and few others. */
  readonly suspects: () => ReadonlySet<string>;
  /** Files with assets that give their rows a type: something is found in them only where a stored table is known. */
  readonly typed: () => ReadonlySet<string>;
  /** Grows whenever an asset came or went, or changed its key, its place in the project or its upstream, or what it is stored by. */
  readonly structure: () => number;
  /** Ids of assets that came, went or changed since the last call. */
  readonly takeTouched: () => ReadonlySet<string>;
}

/** What other files can notice of a file. */
const face = ({ imports, typeImports, exports, aliases, assets, boundKeys, partitions, rowTypes }: FileFacts): string =>
  JSON.stringify([
    imports,
    exports,
    aliases,
    assets.map(({ path, key, kind, exported }) => [path, key, kind, exported]),
    boundKeys.map(({ kind, path, name }) => [kind, path, name]),
    partitions.map(({ path }) => path),
    rowTypes.map(({ name }) => name),
    typeImports,
  ]);

/** What findings in other files can hang on, beside the graph. */
const meaning = ({ config, partitions, boundKeys, rowTypes, assets }: FileFacts): string =>
  JSON.stringify(
    [config, partitions, boundKeys, rowTypes, assets.map(({ partitions, table, ioManager }) => [partitions, table, ioManager])],
    (name, value) => (name === "span" || name === "typeSpan" || name === "body" || name === "end" ? undefined : value),
  );

/** What a file may have that something can be found wrong with, apart from keys and references. */
const isSuspect = ({ assets, config }: FileFacts): boolean =>
  config !== undefined ||
  assets.some(
    ({ mismatch, returns, partitions, ioManager, resources, key }) =>
      mismatch || returns || partitions || ioManager || resources || key === undefined,
  );

/** Keys that these assets have a right to. */
const keysOf = (nodes: readonly Node[]) => nodes.flatMap(({ member, scope, key }) => (member && key !== undefined ? [scopeKey(scope, key)] : []));

/** An asset as text, to be compared: all that its readers see, and what matters to others. */
interface Looks {
  readonly all: string | undefined;
  readonly shape: string;
}

interface Taken {
  readonly facts: FileFacts;
  readonly nodes: readonly Node[];
}

export function createWorkspace({ disk, load }: WorkspaceOptions): Workspace {
  const files = new Set<string>();
  const registry = createRegistry();
  const { nodes, keys, nodesIn } = registry;
  const projects = createProjects();
  const modules = createModules((path) => files.has(path), disk);
  /** Files and settings that a file's links hang on, and keys that it looked for. */
  const seen = createReverse();
  const asked = createReverse();
  const unlinked = new Set<string>();
  let cycles: ReadonlyMap<string, readonly string[]> = new Map();
  let touched = new Set<string>();
  let structure = 0;
  /** Files with a malformed key, a reference that the project cannot follow, or more to be looked at. */
  const faulty = new Set<string>();
  const typed = new Set<string>();
  let resolver: Resolver | undefined;

  const nodesFor = (path: string, facts: FileFacts) => nodesOf(path, facts, projects.of(path), projects.covers(path));

  const describeId = (id: string): IndexedAsset | undefined => {
    const node = nodes.get(id);
    if (!node?.covered) return undefined;
    const { lines } = registry.facts(node.path)!;
    return describe({ node, fact: registry.fact(node), edges: registry.edges(node), lines }, (other) => nodes.get(other)?.key);
  };
  const described = (paths: Iterable<string>): ReadonlyMap<string, Looks> => {
    const looks = new Map<string, Looks>();
    for (const path of paths) {
      for (const { id, key, member, targets } of nodesIn(path)) {
        looks.set(id, { all: JSON.stringify(describeId(id)), shape: JSON.stringify([key, member, targets]) });
      }
    }
    return looks;
  };
  const touch = (some: readonly Node[]) => {
    for (const { id } of some) touched.add(id);
  };

  // ---- links

  /** Facts of a file on the way of an import; a file that nobody indexed is taken in now. */
  const reach = (path: string): FileFacts | undefined => {
    const known = registry.facts(path);
    if (known || !files.has(path)) return known;
    const facts = load(path);
    if (!facts) return undefined;
    const made = nodesFor(path, facts);
    registry.put(path, facts, made);
    unlinked.add(path);
    for (const key of keysOf(made)) for (const holder of asked.holders(key)) unlinked.add(holder);
    touch(made);
    return facts;
  };

  /** A key that nothing has, or an asset that the project does not load. */
  const isLost = (ref: RefFact, target: string | undefined) => (target === undefined ? ref.key !== undefined : !nodes.get(target)?.member);

  const link = (path: string) => {
    unlinked.delete(path);
    const facts = registry.facts(path);
    if (!facts) return;
    resolver ??= createResolver({ facts: reach, module: modules.resolve });
    const own = nodesIn(path);
    const links = linkFile(path, facts, own, { resolver, keys, idAt: (file, index) => nodesIn(file)[index]?.id });
    for (const node of own) registry.connect(node, links.targets[node.index]!, links.bound[node.index]!);
    const lost = own.some((node) => node.scope !== "" && facts.assets[node.index]!.refs.some((ref, at) => isLost(ref, node.targets[at])));
    if (lost || isSuspect(facts) || own.some(({ key }) => key !== undefined && keyMistake(key))) faulty.add(path);
    else faulty.delete(path);
    if (facts.assets.some(({ rowType }) => rowType)) typed.add(path);
    else typed.delete(path);
    seen.set(path, links.seen);
    asked.set(path, links.keys);
  };

  /** Links these, and what was taken in on the way; what waited before keeps waiting. */
  const linkAll = (paths: Iterable<string>) => {
    const waiting = new Set(unlinked);
    for (const path of paths) link(path);
    for (const path of unlinked) {
      if (waiting.has(path)) continue;
      link(path);
      touch(nodesIn(path));
    }
  };

  const targets = (id: string) => (nodes.get(id)?.targets ?? []).filter((target) => target !== undefined);
  /** A new cycle passes through an asset whose edges changed, and an old one only ends where one of its members changed. */
  const findCycles = (changed: Iterable<string>) => {
    const roots = new Set([...cycles.keys(), ...changed].filter((id) => nodes.has(id)));
    cycles = new Map(cyclesFrom(roots, targets).flatMap((group) => group.map((id) => [id, group] as const)));
  };

  // ---- changes

  /** Renews the list of files; gives those whose project, or place in it, may be another now, and those that are gone. */
  const renewFiles = ({ added = [], removed = [], facts = new Map() }: Update): ReadonlySet<string> => {
    const came = [...added].filter((path) => !files.has(path));
    const went = [...removed].filter((path) => files.has(path));
    for (const path of came) files.add(path);
    for (const path of went) files.delete(path);
    if (came.length > 0 || went.length > 0) modules.forget();
    const folders = new Set<string | false>();
    for (const path of came.filter(isConfig)) folders.add(projects.add(path));
    for (const path of went.filter(isConfig)) folders.add(projects.remove(path));
    for (const [path, { config }] of facts) if (files.has(path)) folders.add(projects.configure(path, config));
    const moved = new Set(went);
    for (const folder of folders) if (folder !== false) for (const path of registry.files()) if (isInside(path, folder)) moved.add(path);
    return moved;
  };

  /** Files whose links may be others now, because of what these files offer. */
  const dependants = (fresh: ReadonlyMap<string, Taken | undefined>, moved: ReadonlySet<string>): ReadonlySet<string> => {
    const dirty = new Set<string>();
    for (const [path, next] of fresh) {
      const before = registry.facts(path);
      if (before && next && !moved.has(path) && face(before) === face(next.facts)) continue;
      for (const holder of seen.holders(path)) dirty.add(holder);
      for (const key of [...keysOf(nodesIn(path)), ...keysOf(next?.nodes ?? [])]) for (const holder of asked.holders(key)) dirty.add(holder);
    }
    return dirty;
  };

  /** Takes the change in; gives the files to link anew. `inspect` sees them as they were. */
  const apply = (update: Update, inspect: (dirty: ReadonlySet<string>) => void): ReadonlySet<string> => {
    resolver = undefined;
    const arrived = [...(update.added ?? [])].filter((path) => !files.has(path));
    const moved = renewFiles(update);
    const fresh = new Map<string, Taken | undefined>();
    const take = (path: string, facts: FileFacts | undefined) =>
      fresh.set(path, facts && files.has(path) ? { facts, nodes: nodesFor(path, facts) } : undefined);
    for (const path of moved) take(path, registry.facts(path));
    for (const [path, facts] of update.facts ?? []) take(path, facts);

    const dirty = new Set([...dependants(fresh, moved), ...fresh.keys()]);
    for (const path of arrived) for (const holder of seen.holders(path)) dirty.add(holder);
    if (update.settings) {
      modules.forget();
      for (const holder of seen.holders(settings)) dirty.add(holder);
    }
    inspect(dirty);
    for (const [path, next] of fresh) {
      const before = registry.facts(path);
      if (before && next && before !== next.facts && meaning(before) !== meaning(next.facts)) structure++;
    }
    for (const [path, next] of fresh) {
      if (next) registry.put(path, next.facts, next.nodes);
      else {
        registry.drop(path);
        seen.drop(path);
        asked.drop(path);
        unlinked.delete(path);
        faulty.delete(path);
        typed.delete(path);
        dirty.delete(path);
      }
    }
    return dirty;
  };

  return {
    ...registry,
    files,
    update: (update) => {
      let before: ReadonlyMap<string, Looks> = new Map();
      const dirty = apply(update, (paths) => {
        before = described(paths);
      });
      linkAll(dirty);
      const after = described(dirty);
      const reshaped = new Set<string>();
      for (const id of new Set([...before.keys(), ...after.keys()])) {
        if (before.get(id)?.all !== after.get(id)?.all) touched.add(id);
        if (before.get(id)?.shape !== after.get(id)?.shape) reshaped.add(id);
      }
      if (reshaped.size === 0) return;
      structure++;
      findCycles(reshaped);
    },
    collect: (update) => {
      const touchAll = (paths: ReadonlySet<string>) => {
        for (const path of paths) touch(nodesIn(path));
      };
      const dirty = apply(update, touchAll);
      structure++;
      touchAll(dirty);
      for (const path of dirty) unlinked.add(path);
    },
    linkPending: (stop) => {
      for (const path of unlinked) {
        link(path);
        touch(nodesIn(path));
        structure++;
        if (unlinked.size > 0 && stop()) return false;
      }
      findCycles(nodes.keys());
      return true;
    },
    cycles: () => cycles,
    structure: () => structure,
    suspects: () => {
      const paths = new Set(faulty);
      const pathOf = (id: string) => nodes.get(id)?.path;
      for (const ids of [...keys.duplicates(), ...registry.places.duplicates(), cycles.keys()]) for (const id of ids) paths.add(pathOf(id) ?? "");
      paths.delete("");
      return paths;
    },
    typed: () => typed,
    projectOf: projects.of,
    projects: projects.list,
    configOf: projects.configOf,
    describe: describeId,
    takeTouched: () => {
      const taken = touched;
      touched = new Set();
      return taken;
    },
  };
}
