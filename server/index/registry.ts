import type { AssetFact, FileFacts } from "./facts.ts";
import { createKeyIndex, type KeyIndex } from "./key-index.ts";
import { createMultimap } from "./multimap.ts";
import type { Bound, Edge, Node } from "./node.ts";
import { type PackedFacts, pack, unpack } from "./pack.ts";

/** What is known of one file. */
interface FileState {
  readonly packed: PackedFacts;
  readonly parses: boolean;
  /** Left out where `packed` is it. */
  readonly lastGood?: PackedFacts;
  readonly nodes: readonly Node[];
}

/** Files, the assets in them, their keys and their readers, kept in step with each other. */
export interface Registry {
  readonly files: () => Iterable<string>;
  readonly has: (path: string) => boolean;
  readonly facts: (path: string) => FileFacts | undefined;
  /** The last facts that came from a text without syntax errors. */
  readonly lastGood: (path: string) => FileFacts | undefined;
  readonly packed: (path: string) => PackedFacts | undefined;
  /** False for a half-typed file, and for one that is not here. */
  readonly parses: (path: string) => boolean;
  readonly nodesIn: (path: string) => readonly Node[];
  readonly nodes: ReadonlyMap<string, Node>;
  readonly keys: KeyIndex;
  /** Assets by their tables, as `keys` has them by their keys. */
  readonly places: KeyIndex;
  readonly fact: (node: Node) => AssetFact;
  readonly edges: (node: Node) => readonly Edge[];
  /** Ids of the assets that name this one, each once. */
  readonly downstream: (id: string) => readonly string[];
  /** Takes a file in, or its new facts; its assets have no edges yet. */
  readonly put: (path: string, facts: FileFacts, nodes: readonly Node[]) => void;
  readonly drop: (path: string) => void;
  readonly connect: (node: Node, targets: readonly (string | undefined)[], bound: Bound) => void;
}

/** Files whose facts stay unpacked; more than an editor shows at once. */
const readyFiles = 256;

export const distinct = (targets: readonly (string | undefined)[]): Set<string> => {
  const ids = new Set<string>();
  for (const target of targets) if (target !== undefined) ids.add(target);
  return ids;
};

export function createRegistry(): Registry {
  const states = new Map<string, FileState>();
  const ready = new Map<string, FileFacts>();
  const nodes = new Map<string, Node>();
  const keys = createKeyIndex();
  const places = createKeyIndex();
  const readers = createMultimap();

  const keep = (path: string, facts: FileFacts) => {
    ready.delete(path);
    ready.set(path, facts);
    if (ready.size > readyFiles) ready.delete(ready.keys().next().value!);
  };
  const facts = (path: string): FileFacts | undefined => {
    const known = ready.get(path);
    if (known) return known;
    const state = states.get(path);
    const found = state && unpack(state.packed);
    if (found) keep(path, found);
    return found;
  };
  const fact = (node: Node): AssetFact => facts(node.path)!.assets[node.index]!;
  const disconnect = (node: Node) => {
    for (const target of distinct(node.targets)) readers.remove(target, node.id);
  };
  const drop = (path: string) => {
    for (const node of states.get(path)?.nodes ?? []) {
      disconnect(node);
      if (node.member && node.key !== undefined) keys.remove(node.scope, node.key, node.id);
      if (node.member && node.place !== undefined) places.remove(node.scope, node.place, node.id);
      nodes.delete(node.id);
    }
    states.delete(path);
    ready.delete(path);
  };
  return {
    files: () => states.keys(),
    has: (path) => states.has(path),
    packed: (path) => states.get(path)?.packed,
    parses: (path) => states.get(path)?.parses ?? false,
    nodesIn: (path) => states.get(path)?.nodes ?? [],
    facts,
    lastGood: (path) => {
      const last = states.get(path)?.lastGood;
      if (last !== undefined) return unpack(last);
      const now = facts(path);
      return now?.parses ? now : undefined;
    },
    nodes,
    keys,
    places,
    fact,
    edges: (node) => fact(node).refs.map((ref, index) => ({ ref, target: node.targets[index] })),
    downstream: readers.get,
    drop,
    put: (path, taken, made) => {
      const before = states.get(path);
      const lastGood = taken.parses ? undefined : (before?.lastGood ?? (before?.parses ? before.packed : undefined));
      drop(path);
      states.set(path, { packed: pack(taken), parses: taken.parses, nodes: made, ...(lastGood === undefined ? {} : { lastGood }) });
      keep(path, taken);
      for (const node of made) {
        nodes.set(node.id, node);
        if (node.member && node.key !== undefined) keys.add(node.scope, node.key, node.id);
        if (node.member && node.place !== undefined) places.add(node.scope, node.place, node.id);
      }
    },
    connect: (node, targets, bound) => {
      disconnect(node);
      node.targets = targets;
      node.bound = bound;
      for (const target of distinct(targets)) readers.add(target, node.id);
    },
  };
}
