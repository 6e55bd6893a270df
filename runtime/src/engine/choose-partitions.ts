import { SluiceError } from "../model/errors.ts";
import { accepts, coalesce, selectPartitions } from "../partitions/select.ts";
import { type AssetGraph, aboutAsset, type GraphStep } from "./graph.ts";
import type { Partitioning } from "./partitioning.ts";

/** Keys by name of the step, in order. */
export type ChosenPartitions = ReadonlyMap<string, readonly string[]>;

/**
 * Which partitions each of the steps makes. The parts name partitions of every asset that has such; the partitions of the others follow from what
 * those need, or from what is made of them. Throws `partition/unknown` where nothing says which.
 */
export function choosePartitions(
  graph: AssetGraph,
  partitioning: Partitioning,
  steps: readonly GraphStep[],
  parts: readonly string[] | undefined,
): ChosenPartitions {
  const divided = steps.filter(({ partitions }) => partitions !== undefined);
  const chosen = new Map<string, readonly string[]>();
  if (divided.length === 0) {
    if (parts === undefined) return chosen;
    const asked = parts.length === 1 && parts[0] === ".." ? "partitions were" : `"${parts.join(",")}" was`;
    throw new SluiceError("partition/unknown", `None of the selected assets has partitions, and ${asked} asked for.`, {
      hint: "Leave out what asks for them, or select assets that have some.",
    });
  }
  if (parts === undefined || parts.length === 0) throw unsaid(graph, partitioning, divided);
  for (const step of divided) {
    const space = partitioning.ofStep(step)!;
    if (accepts(space, parts)) chosen.set(step.name, selectPartitions(space, parts, step.assets[0]!));
  }
  // The error of the first one names the nearest key.
  if (chosen.size === 0) selectPartitions(partitioning.ofStep(divided[0]!)!, parts, divided[0]!.assets[0]!);

  const open = divided.filter(({ name }) => !chosen.has(name));
  for (const step of [...open].reverse()) {
    const needed = neededBy(partitioning, step, steps, chosen);
    if (needed.length > 0) chosen.set(step.name, needed);
  }
  for (const step of open) {
    if (chosen.has(step.name)) continue;
    const made = madeOf(graph, partitioning, step, chosen);
    if (made.length === 0) throw unrelated(graph, partitioning, step, parts);
    chosen.set(step.name, made);
  }
  return chosen;
}

/** Partitions of a step that the partitions chosen so far are made of. */
export function neededBy(partitioning: Partitioning, step: GraphStep, users: readonly GraphStep[], chosen: ChosenPartitions): readonly string[] {
  const found = new Set<string>();
  const own = new Set(step.assets);
  for (const user of users) {
    if (user === step || !user.upstream.some((key) => own.has(key))) continue;
    const keys = user.partitions ? chosen.get(user.name) : [undefined];
    for (const key of keys ?? []) {
      for (const { asset, partitions } of partitioning.needs(user, key)) if (own.has(asset)) for (const each of partitions ?? []) found.add(each);
    }
  }
  return inOrder(partitioning, step, found);
}

/** Partitions of a step that are made of partitions chosen so far. */
function madeOf(graph: AssetGraph, partitioning: Partitioning, step: GraphStep, chosen: ChosenPartitions): readonly string[] {
  const space = partitioning.ofStep(step)!;
  const sources = step.inputs.flatMap((input) => {
    const above = input.key === undefined ? undefined : graph.assets.get(input.key)?.step;
    const mapping = partitioning.mappingOf(step, input);
    const keys = above && chosen.get(above.name);
    return keys && mapping && !mapping.constant ? [{ mapping, keys: new Set(keys) }] : [];
  });
  if (sources.length === 0) return [];
  return space.keys().filter((key) => sources.some(({ mapping, keys }) => mapping.upstream(key).keys.some((each) => keys.has(each))));
}

function inOrder(partitioning: Partitioning, step: GraphStep, keys: ReadonlySet<string>): readonly string[] {
  return keys.size < 2 ? [...keys] : selectPartitions(partitioning.ofStep(step)!, [...keys], step.assets[0]!);
}

function unsaid(graph: AssetGraph, partitioning: Partitioning, steps: readonly GraphStep[]): SluiceError {
  const [first] = steps;
  const key = first!.assets[0]!;
  const space = partitioning.ofStep(first!)!;
  const names = steps.map(({ assets }) => assets[0]!);
  const who =
    names.length === 1
      ? `${key} has partitions`
      : `${names.slice(0, 3).join(", ")}${names.length > 3 ? `, and ${names.length - 3} more` : ""} have partitions`;
  const hint =
    space.size === 0
      ? space.hint("")
      : `For example --partition "${space.keys().at(-1)!}", or all of them: --range "${coalesce(space, space.keys())[0]!.includes("..") ? coalesce(space, space.keys())[0]! : ".."}"`;
  return new SluiceError("partition/unknown", `${who}; nothing says which of them to make.`, {
    hint,
    ...aboutAsset(graph.assets.get(key)!.definition),
  });
}

function unrelated(graph: AssetGraph, partitioning: Partitioning, step: GraphStep, parts: readonly string[]): SluiceError {
  const key = step.assets[0]!;
  return new SluiceError(
    "partition/unknown",
    `${key} has no partition "${parts.join(",")}", and none of its partitions follows from those of the other selected assets.`,
    { hint: `${partitioning.ofStep(step)!.hint(parts[0]!)} Materialize it in a run of its own.`, ...aboutAsset(graph.assets.get(key)!.definition) },
  );
}
