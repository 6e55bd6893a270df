import type { PartitionsDefinition } from "../assets/definition.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionSlice } from "../model/partition.ts";
import { type InputMapping, mapInput, planMapping } from "../partitions/mapping.ts";
import { type Moment, type PartitionSpace, partitionSpace } from "../partitions/space.ts";
import type { AssetGraph, GraphInput, GraphStep } from "./graph.ts";

/** The partitions of a graph at one moment. */
export interface Partitioning {
  readonly moment: Moment;
  /** `undefined` for an asset without partitions. Throws `config/invalid` for a definition that cannot be read. */
  readonly spaceOf: (asset: string) => PartitionSpace | undefined;
  readonly ofStep: (step: GraphStep) => PartitionSpace | undefined;
  /** `undefined` where the upstream asset has no partitions. */
  readonly mappingOf: (step: GraphStep, input: GraphInput) => InputMapping | undefined;
  /** Every upstream value that making one partition of a step needs before it, by asset; `undefined`: the whole value. */
  readonly needs: (step: GraphStep, partition: string | undefined) => readonly Need[];
  /** What an I/O manager is told of these partitions of an asset. */
  readonly address: (asset: string, partitions: readonly string[]) => PartitionAddress;
}
export interface Need {
  readonly asset: string;
  readonly partitions: readonly string[] | undefined;
}
export interface PartitionAddress {
  readonly partitions: readonly string[];
  readonly slices?: readonly PartitionSlice[];
}

/** Identity of a stored value: asset keys hold no space. */
export const valueId = (asset: string, partition: string | undefined): string => (partition === undefined ? asset : `${asset} ${partition}`);

/** Works with any graph of one moment; everything is made on first need. */
export function partitioningOf(graph: AssetGraph, moment: Moment): Partitioning {
  const spaces = new Map<PartitionsDefinition, PartitionSpace>();
  const mappings = new Map<object, InputMapping>();
  const needing = new Map<GraphStep, readonly { readonly asset: string; readonly mapping: InputMapping | undefined }[]>();

  function space(definition: PartitionsDefinition | undefined): PartitionSpace | undefined {
    if (!definition) return undefined;
    const known = spaces.get(definition);
    if (known) return known;
    const made = partitionSpace(definition, moment);
    spaces.set(definition, made);
    return made;
  }
  const spaceOf = (asset: string) => space(graph.assets.get(asset)?.definition.partitions);
  const ofStep = (step: GraphStep) => space(step.partitions);

  function mappingOf(step: GraphStep, input: GraphInput): InputMapping | undefined {
    const up = input.key === undefined ? ofStep(step) : spaceOf(input.key);
    if (!input.mapping || !up) return undefined;
    const known = mappings.get(input);
    if (known) return known;
    const made = mapInput(input.mapping, ofStep(step), up);
    mappings.set(input, made);
    return made;
  }

  /** What must be there before, whether it is loaded or only depended on. */
  function before(step: GraphStep) {
    const known = needing.get(step);
    if (known) return known;
    const found: { readonly asset: string; readonly mapping: InputMapping | undefined }[] = [];
    const loaded = new Set<string>();
    for (const input of step.inputs) {
      if (input.key !== undefined) loaded.add(input.key);
      if (input.key === undefined || graph.assets.has(input.key))
        found.push({ asset: input.key ?? step.assets[0]!, mapping: mappingOf(step, input) });
    }
    for (const asset of step.upstream) if (!loaded.has(asset)) found.push({ asset, mapping: dependency(step, asset) });
    needing.set(step, found);
    return found;
  }

  /** A dependency that is never loaded maps like an input that says nothing, or else stands for all partitions. */
  function dependency(step: GraphStep, asset: string): InputMapping | undefined {
    const up = spaceOf(asset);
    const { definition } = graph.assets.get(asset)!;
    if (!up) return undefined;
    const input = { [kind]: "input", upstream: definition, allowMissingPartitions: true, merged: false } as const;
    const plain = planMapping(step.partitions, input, definition.partitions);
    const found = "mistake" in plain ? planMapping(step.partitions, { ...input, take: { type: "all" } }, definition.partitions) : plain;
    if ("mistake" in found) throw new SluiceError("partition/mismatch", found.mistake);
    return mapInput(found, ofStep(step), up);
  }

  return {
    moment,
    spaceOf,
    ofStep,
    mappingOf,
    needs: (step, partition) => before(step).map(({ asset, mapping }) => ({ asset, partitions: mapping?.upstream(partition).keys })),
    address: (asset, partitions) => {
      const all = spaceOf(asset);
      return all ? { partitions, slices: partitions.map(all.slice) } : { partitions: [] };
    },
  };
}
