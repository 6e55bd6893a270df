import { SluiceError } from "./errors.ts";
import type { AssetState } from "./graph.ts";
import { nearestName } from "./nearest.ts";
import { parseSelection, type Selection, type SelectionMistake } from "./selection-syntax.ts";

/** What a selection needs to know of an asset. */
export interface SelectableAsset {
  readonly key: string;
  /** Keys of inputs and deps. */
  readonly upstream: readonly string[];
  readonly group?: string | undefined;
  readonly kinds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly owners: readonly string[];
  /** Name of its I/O manager key. */
  readonly ioManager: string;
  /** Needed where `selectionUsesStatus`; "unknown" when left out. */
  readonly status?: AssetState | undefined;
  /** Path from the project's folder, with "/". */
  readonly file?: string | undefined;
}

const states: readonly AssetState[] = ["missing", "fresh", "stale", "failed", "unknown"];

function invalid(text: string, found: SelectionMistake): SluiceError {
  const position = text.trim() === "" ? "" : ` at character ${found.offset + 1}`;
  return new SluiceError("selection/invalid", `The selection "${text}" cannot be read${position}: ${found.message}.`, { hint: found.hint });
}

function parsed(text: string): Selection {
  const selection = parseSelection(text);
  if ("message" in selection) throw invalid(text, selection);
  return selection;
}

function some(selection: Selection, test: (part: Selection) => boolean): boolean {
  if (test(selection)) return true;
  if ("parts" in selection) return selection.parts.some((part) => some(part, test));
  return "of" in selection && some(selection.of, test);
}

/** Whether the states of assets must be known before this selection can be resolved. Throws `selection/invalid`. */
export const selectionUsesStatus = (text: string): boolean => some(parsed(text), (part) => part.type === "filter" && part.filter === "status");

/** What is wrong with a selection, for an editor to underline; `undefined` when nothing is. Without a graph only the syntax is looked at. */
export function selectionMistake(text: string, graph?: readonly SelectableAsset[]): SelectionMistake | undefined {
  const selection = parseSelection(text);
  if ("message" in selection) return selection;
  return graph && contentMistake(selection, new Set(graph.map((asset) => asset.key)));
}

function contentMistake(selection: Selection, keys: ReadonlySet<string>): SelectionMistake | undefined {
  let found: SelectionMistake | undefined;
  some(selection, (part) => {
    if (part.type !== "filter" || part.value === null) return false;
    const { value } = part;
    const at = { offset: part.at, length: value.length + (part.quoted ? 2 : 0) };
    if (part.filter === "key" && (part.quoted || !value.includes("*")) && !keys.has(value)) {
      const nearest = nearestName(value, keys);
      const hint =
        nearest === undefined ? `There are ${keys.size} assets; a part of a key needs a wildcard: "*${value}*".` : `Did you mean "${nearest}"?`;
      found = { ...at, message: `there is no asset "${value}"`, hint };
    } else if (part.filter === "status" && !states.includes(value as AssetState)) {
      found = { ...at, message: `there is no status "${value}"`, hint: `There are ${states.join(", ")}.` };
    }
    return found !== undefined;
  });
  return found;
}

const pattern = (text: string) =>
  new RegExp(
    `^${text
      .split("*")
      .map((piece) => piece.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
    "us",
  );

/** A test of one asset for one filter. Wildcards count in keys and files, unless quoted. */
function matcher(part: Selection & { readonly type: "filter" }): (asset: SelectableAsset) => boolean {
  const { value, tagValue } = part;
  const like = value !== null && !part.quoted && value.includes("*") ? pattern(value) : undefined;
  switch (part.filter) {
    case "key":
      return like ? (asset) => like.test(asset.key) : (asset) => asset.key === value;
    case "file": {
      if (like) return (asset) => asset.file !== undefined && like.test(asset.file);
      const path = value?.replace(/^\.\//, "").replace(/\/$/, "");
      return (asset) => asset.file === path || (path !== undefined && asset.file?.startsWith(`${path}/`) === true);
    }
    case "group":
      return (asset) => asset.group === (value ?? undefined);
    case "io":
      return (asset) => asset.ioManager === value;
    case "status":
      return (asset) => (asset.status ?? "unknown") === value;
    case "kind":
      return (asset) => (value === null ? asset.kinds.length === 0 : asset.kinds.includes(value));
    case "owner":
      return (asset) => (value === null ? asset.owners.length === 0 : asset.owners.includes(value));
    case "tag":
      if (value === null) return (asset) => Object.keys(asset.tags).length === 0;
      if (tagValue === undefined) return (asset) => Object.hasOwn(asset.tags, value);
      return (asset) => (Object.hasOwn(asset.tags, value) ? asset.tags[value] === (tagValue ?? "") : tagValue === null);
  }
}

type Mask = Uint8Array;

/**
 * Keys of the assets that a selection names, in the graph's order: `+sales_summary`, `group:sales and not kind:sql`, `2+key:*_raw`.
 * A filter that fits nothing selects nothing. Throws `selection/invalid` with the position, and the nearest key for an unknown one.
 */
export function selectAssets(text: string, graph: readonly SelectableAsset[]): readonly string[] {
  const selection = parsed(text);
  const index = new Map<string, number>();
  for (let i = 0; i < graph.length; i++) index.set(graph[i]!.key, i);
  const wrong = contentMistake(selection, new Set(index.keys()));
  if (wrong) throw invalid(text, wrong);

  let edges: { readonly up: readonly (readonly number[])[]; readonly down: readonly (readonly number[])[] } | undefined;
  function neighbours() {
    if (edges) return edges;
    const up: number[][] = [];
    const down: number[][] = graph.map(() => []);
    for (let i = 0; i < graph.length; i++) {
      up[i] = [];
      for (const key of graph[i]!.upstream) {
        const j = index.get(key);
        if (j === undefined || j === i) continue;
        up[i]!.push(j);
        down[j]!.push(i);
      }
    }
    edges = { up, down };
    return edges;
  }

  function walk(from: Mask, depth: number, next: readonly (readonly number[])[], into: Mask): void {
    const seen = from.slice();
    let front: number[] = [];
    for (let i = 0; i < from.length; i++) if (from[i]) front.push(i);
    for (let level = 0; level < depth && front.length > 0; level++) {
      const reached: number[] = [];
      for (const i of front) {
        for (const j of next[i]!) {
          if (seen[j]) continue;
          seen[j] = 1;
          into[j] = 1;
          reached.push(j);
        }
      }
      front = reached;
    }
  }

  function resolve(part: Selection): Mask {
    switch (part.type) {
      case "all":
        return new Uint8Array(graph.length).fill(1);
      case "filter": {
        const mask = new Uint8Array(graph.length);
        const exact = part.filter === "key" && part.value !== null ? index.get(part.value) : undefined;
        if (exact !== undefined) mask[exact] = 1;
        else {
          const fits = matcher(part);
          for (let i = 0; i < graph.length; i++) if (fits(graph[i]!)) mask[i] = 1;
        }
        return mask;
      }
      case "not": {
        const mask = resolve(part.of);
        for (let i = 0; i < mask.length; i++) mask[i] = mask[i] ? 0 : 1;
        return mask;
      }
      case "and":
      case "or": {
        const [first, ...rest] = part.parts.map(resolve);
        for (const mask of rest)
          for (let i = 0; i < mask.length; i++) first![i] = part.type === "and" ? first![i]! & mask[i]! : first![i]! | mask[i]!;
        return first!;
      }
      case "sinks":
      case "roots": {
        const mask = resolve(part.of);
        const next = part.type === "sinks" ? neighbours().down : neighbours().up;
        return mask.map((chosen, i) => (chosen && !next[i]!.some((j) => mask[j]) ? 1 : 0));
      }
      case "walk": {
        const from = resolve(part.of);
        const mask = from.slice();
        if (part.up !== undefined) walk(from, part.up, neighbours().up, mask);
        if (part.down !== undefined) walk(from, part.down, neighbours().down, mask);
        return mask;
      }
    }
  }

  const mask = resolve(selection);
  return graph.filter((_, i) => mask[i]).map((asset) => asset.key);
}

/** One key as a selection, quoted where the grammar needs it. */
export const keySelection = (key: string): string =>
  /^[\p{L}_][\p{L}\p{M}\p{N}_./-]*$/u.test(key) && !/^(and|or|not|sinks|roots)$/i.test(key) ? key : `"${key}"`;
