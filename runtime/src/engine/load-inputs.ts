import type { AssetDefinition } from "../assets/definition.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { GraphInput, GraphStep } from "./graph.ts";
import { partitionMap } from "./partition-map.ts";
import { explainIo, type StepNames } from "./step-errors.ts";
import type { StepHost, StepTask } from "./step-task.ts";
import { abandonable, Cancelled, type Stop } from "./stop.ts";

/** Loads every input of a step through the I/O manager that stored it; of several partitions, only their keys. */
export async function loadInputs(task: StepTask, step: GraphStep, host: StepHost, names: StepNames, stop: Stop): Promise<Record<string, unknown>> {
  const loaded: Record<string, unknown> = {};
  if (step.inputs.length === 0) return loaded;
  const settled = await Promise.allSettled(
    step.inputs.map(async (input) => {
      loaded[input.name] = await loadInput(task, step, input, host, names, stop);
    }),
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return loaded;
}

async function loadInput(task: StepTask, step: GraphStep, input: GraphInput, host: StepHost, names: StepNames, stop: Stop): Promise<unknown> {
  const { name, definition: wanted } = input;
  const upstream = host.graph.assets.get(input.key ?? step.assets[0]!)!.definition;
  const whole = task.step.readFrom?.includes(name) ?? false;
  const elsewhere = new Set(task.step.readFromPartitions?.[name]);
  const absent = new Set(task.step.absent?.[name]);

  async function load(partitions: readonly string[], from: boolean): Promise<unknown> {
    const bound = (from ? host.target.readFrom! : host.target).managerOf(upstream, wanted.ioManager);
    const handler = wanted.handler ?? upstream.handler;
    const started = host.clock.now();
    const address = host.partitioning.address(upstream.key, partitions);
    const context = { key: upstream.key, table: upstream.table, ...address, columns: wanted.columns, handler, signal: stop.signal };
    let value: unknown;
    try {
      value = await abandonable(bound.manager.loadInput(context), stop, "after-grace");
    } catch (thrown) {
      if (thrown instanceof Cancelled || (isSluiceError(thrown) && thrown.code === "io/not-found" && wanted.allowMissingPartitions)) throw thrown;
      throw explainIo(thrown, names, `Loading ${upstream.key} through ${bound.name} for ${names.asset}`);
    }
    const at = host.clock.now();
    const of = partitions.length === 1 ? { upstreamPartition: partitions[0]! } : {};
    const about = { runId: task.runId, step: task.step.step, at, input: name, upstream: upstream.key, ...of, ms: at - started };
    host.emit({ type: "input-loaded", ...about, ...(handler ? { handler: handler.name } : {}) });
    return value;
  }

  const mapping = host.partitioning.mappingOf(step, input);
  if (!mapping) return load([], whole);
  const made = task.step.partitions ?? [undefined];
  const keys = [...new Set(made.flatMap((each) => mapping.upstream(each).keys))].filter((key) => !absent.has(key));
  const one = (key: string) => load([key], elsewhere.has(key));
  // Whoever makes several partitions together gets several of whatever differs between them.
  const shape = mapping.shape === "one" && step.definition.range && !mapping.constant ? "many" : mapping.shape;
  if (shape === "many") return partitionMap(upstream.key, keys, one);
  if (shape === "merged") return loadMerged(upstream, keys, elsewhere, load);
  return keys[0] === undefined ? undefined : orMissing(wanted.allowMissingPartitions, () => one(keys[0]!));
}

/** Several partitions as one value; those of another target cannot be read together with those that are here. */
async function loadMerged(
  upstream: AssetDefinition,
  keys: readonly string[],
  elsewhere: ReadonlySet<string>,
  load: (partitions: readonly string[], from: boolean) => Promise<unknown>,
): Promise<unknown> {
  const there = keys.filter((key) => elsewhere.has(key));
  if (there.length > 0 && there.length < keys.length) {
    throw new SluiceError(
      "io/not-found",
      `${there.length} of ${keys.length} partitions of ${upstream.key} lie on another target, and cannot be merged with those here.`,
      {
        hint: "Materialize them here, or take the input without .merged().",
      },
    );
  }
  // No partitions at all would stand for the whole value.
  if (keys.length > 0) return load(keys, there.length > 0);
  throw new SluiceError("io/not-found", `None of the partitions of ${upstream.key} that are to be merged is stored.`, {
    asset: upstream.key,
    hint: "Take the input without .merged(): then it is an empty map.",
  });
}

async function orMissing(allowed: boolean, load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load();
  } catch (thrown) {
    if (allowed && isSluiceError(thrown) && thrown.code === "io/not-found") return undefined;
    throw thrown;
  }
}
