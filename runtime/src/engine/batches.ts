import { SluiceError } from "../model/errors.ts";
import { selectPartitions } from "../partitions/select.ts";
import type { AssetGraph } from "./graph.ts";
import { partitioningOf } from "./partitioning.ts";
import type { RunPlan } from "./plan.ts";

/**
 * The partitions of a plan in lists of at most `size`, each for a run of its own, in order. Throws `config/invalid` unless every asset of the plan has all
 * of the partitions: what is made of several of them would find only those of its own run.
 */
export function batchesOf(graph: AssetGraph, plan: RunPlan, size: number): readonly (readonly string[])[] {
  const running = plan.steps.filter(({ skip }) => !skip);
  if (running.length === 0) return [];
  const partitioning = partitioningOf(graph, plan.moment);
  const keys = new Set(running.flatMap(({ partitions }) => partitions ?? []));
  const steps = [...new Set(running.map(({ of }) => of))].map((name) => graph.steps.get(name)!);
  for (const step of steps) {
    const space = partitioning.ofStep(step);
    if (space && [...keys].every((key) => space.canonical(key) === key)) continue;
    throw new SluiceError(
      "config/invalid",
      `A batch is a part of the partitions, and ${step.assets[0]} does not have the same ones as ${steps[0]!.assets[0]}.`,
      {
        asset: step.assets[0],
        hint: "Leave out --batch, or select assets that have the same partitions.",
      },
    );
  }
  const all = selectPartitions(partitioning.ofStep(steps[0]!)!, [...keys], steps[0]!.assets[0]!);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
