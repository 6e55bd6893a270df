import type { AssetDefinition, InputDefinition } from "../assets/definition.ts";
import { definitionOf, plainInput } from "../assets/input-definition.ts";
import type { AnyInput } from "../assets/inputs.ts";
import { partitionText } from "../assets/partition-choice.ts";
import { isKind } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import { mapInput, planMapping } from "../partitions/mapping.ts";
import { readMoment } from "./dynamic-partitions.ts";
import { buildGraph } from "./graph.ts";
import { partitionMap } from "./partition-map.ts";
import { type PartitionAddress, partitioningOf } from "./partitioning.ts";
import { readRecords, requestId } from "./records.ts";
import type { Target } from "./target.ts";

export interface StoredValueOptions {
  /** A key, or a key for each dimension. */
  readonly partition?: unknown;
  readonly signal: AbortSignal;
}

/**
 * What an asset stored, outside any run: in the shape the input asks for, from `readFrom` where the target lacks it. Throws `io/not-found`,
 * `partition/unknown`, and `partition/mismatch` where nothing says which partitions.
 */
export async function storedValue(target: Target, input: AnyInput, options: StoredValueOptions): Promise<unknown> {
  const definition = inputOf(input);
  const { upstream, columns } = definition;
  if (!upstream) throw new SluiceError("config/invalid", "A self-dependency stands for no stored value.", { hint: "Load the asset itself." });
  const handler = definition.handler ?? upstream.handler;
  const from = (each: Target, address: PartitionAddress) =>
    each
      .managerOf(upstream, definition.ioManager)
      .manager.loadInput({ key: upstream.key, table: upstream.table, ...address, columns, handler, signal: options.signal });
  const load = async (address: PartitionAddress) => {
    try {
      return await from(target, address);
    } catch (error) {
      if (!isNotFound(error) || !target.readFrom) throw error;
      return await from(target.readFrom, address);
    }
  };
  if (upstream.partitions) return storedPartitions(upstream, definition, target, options, load);
  if (options.partition === undefined) return load({ partitions: [] });
  throw new SluiceError("partition/unknown", `${upstream.key} has no partitions, and "${partitionText(options.partition)}" was asked for.`, {
    asset: upstream.key,
    hint: "Leave out the partition.",
  });
}

const inputOf = (input: AnyInput): InputDefinition =>
  isKind(input, "asset") ? plainInput(input as unknown as AssetDefinition) : definitionOf(input);

/** Whether an input leaves open which partition it takes. */
export function wantsPartition(input: AnyInput): boolean {
  const { upstream, take } = inputOf(input);
  return upstream?.partitions !== undefined && take === undefined;
}

const isNotFound = (error: unknown): boolean => isSluiceError(error) && error.code === "io/not-found";

async function storedPartitions(
  upstream: AssetDefinition,
  definition: InputDefinition,
  target: Target,
  { partition, signal }: StoredValueOptions,
  load: (address: PartitionAddress) => Promise<unknown>,
): Promise<unknown> {
  const { key } = upstream;
  const graph = buildGraph({ assets: new Map([[key, { ...upstream, step: undefined }]]) });
  const partitioning = partitioningOf(graph, await readMoment(graph, target, Date.now(), signal));
  const space = partitioning.spaceOf(key)!;
  const one = (each: string) => load(partitioning.address(key, [each]));
  if (partition !== undefined) {
    if (definition.take) {
      throw new SluiceError("partition/mismatch", `The input says .${definition.take.type}() of ${key}, and a partition was asked for too.`, {
        asset: key,
        hint: "Leave out one of them.",
      });
    }
    const name = partitionText(partition);
    const canonical = space.canonical(name);
    if (canonical !== undefined) return one(canonical);
    throw new SluiceError("partition/unknown", `${key} has no partition "${name}".`, { asset: key, hint: space.hint(name) });
  }
  const plan = planMapping(undefined, definition, upstream.partitions);
  if ("mistake" in plan) {
    throw new SluiceError("partition/mismatch", `${key} has partitions; nothing says which of them to load.`, {
      asset: key,
      hint: `Give load() a partition, or load ${key} with .all(), .latest() or .partition(key).`,
    });
  }
  const { shape, upstream: mapped } = mapInput(plan, undefined, space);
  const { keys, outside } = mapped(undefined);
  if (outside !== undefined) {
    throw new SluiceError("partition/unknown", `${key} has no partition "${outside}".`, { asset: key, hint: space.hint(outside) });
  }
  if (shape === "one") return definition.allowMissingPartitions ? orUndefined(() => one(keys[0]!)) : one(keys[0]!);
  const wanted = definition.allowMissingPartitions ? await storedOf(keys) : keys;
  if (shape === "many") return partitionMap(key, wanted, one);
  if (wanted.length > 0) return load(partitioning.address(key, wanted));
  throw new SluiceError("io/not-found", `None of the partitions of ${key} that were asked for is stored.`, { asset: key });

  async function storedOf(named: readonly string[]): Promise<readonly string[]> {
    const request = { key, ioManager: definition.ioManager, partitions: new Set(named) };
    const answers = await Promise.all(
      [target, ...(target.readFrom ? [target.readFrom] : [])].map((each) => readRecords(graph, each, [request], signal, partitioning)),
    );
    const found = new Set(
      answers.flatMap((answer) => {
        const each = answer.get(requestId(request));
        return each?.state === "partitions" ? [...each.partitions.keys()] : [];
      }),
    );
    return named.filter((each) => found.has(each));
  }
}

async function orUndefined(load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
