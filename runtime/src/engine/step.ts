import type { AssetDefinition } from "../assets/definition.ts";
import { SluiceError, toErrorInfo } from "../model/errors.ts";
import type { StoredRecord } from "../model/values.ts";
import { checkStored } from "./checks.ts";
import { contextPartitions } from "./context-partitions.ts";
import type { GraphStep } from "./graph.ts";
import { loadInputs } from "./load-inputs.ts";
import { valueId } from "./partitioning.ts";
import { stepContext } from "./step-context.ts";
import { explainUser, type StepNames } from "./step-errors.ts";
import type { Materialized, StepHost, StepOutcome, StepTask } from "./step-task.ts";
import { abandonable, Cancelled, type Stop, stopOf } from "./stop.ts";
import { storeOutput } from "./store-output.ts";

/** Loads the inputs, calls `run`, stores what it returns. Never rejects; `signal` ends it as "cancelled". */
export async function runStep(task: StepTask, host: StepHost, signal: AbortSignal): Promise<StepOutcome> {
  const step = host.graph.steps.get(task.step.of);
  const materialized: Materialized[] = [];
  if (!step) {
    const error = new SluiceError("runner/crashed", `The step "${task.step.step}" is not in the project as this process has loaded it.`);
    return { state: "failed", error: toErrorInfo(error, "runner/crashed"), materialized };
  }
  const first = host.graph.assets.get(task.step.assets[0]!)!.definition;
  const names: StepNames = { asset: first.key, root: host.root, definedAt: first.definedAt };
  const stop = stopOf(signal, host.clock);
  try {
    const before = task.mayBeStored ? await storedByThisRun(task, host, signal) : undefined;
    if (before) {
      materialized.push(...before);
      for (const key of task.step.assets) await checkOutput(task, host, stop, host.graph.assets.get(key)!.definition, materialized);
      return { state: "succeeded", materialized, absent: [] };
    }
    const [inputs, resources] = await inOrder(loadInputs(task, step, host, names, stop), openResources(step, host, names, stop));
    const absent = await runAndStore(task, step, host, names, stop, { inputs, resources, materialized });
    return { state: "succeeded", materialized, absent };
  } catch (thrown) {
    if (thrown instanceof Cancelled || signal.aborted) return { state: "cancelled", materialized };
    return { state: "failed", error: explainUser(thrown, names), materialized };
  } finally {
    stop.finish();
  }
}

/** Both results; when one fails, its error, once the other has come to its end too. */
async function inOrder<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  try {
    return await Promise.all([a, b]);
  } catch (thrown) {
    await Promise.allSettled([a, b]);
    throw thrown;
  }
}

/** What an earlier attempt of this very run has stored, when it stored everything: then a repeated attempt is harmless. */
async function storedByThisRun(task: StepTask, host: StepHost, signal: AbortSignal): Promise<readonly Materialized[] | undefined> {
  const found: Materialized[] = [];
  for (const key of task.step.assets) {
    const { definition } = host.graph.assets.get(key)!;
    const { manager } = host.target.managerOf(definition);
    for (const partition of task.step.partitions ?? [undefined]) {
      const address = host.partitioning.address(key, partition === undefined ? [] : [partition]);
      const record = await manager.inspect?.({ key, table: definition.table, ...address, signal });
      if (record?.runId !== task.runId || record.step !== task.step.step) return undefined;
      found.push({ key, ...(partition === undefined ? {} : { partition }), record: record as StoredRecord });
    }
  }
  return found;
}

async function openResources(step: GraphStep, host: StepHost, names: StepNames, stop: Stop): Promise<Record<string, unknown>> {
  const opened: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(step.definition.resources)) {
    opened[name] = await abandonable(host.resources.open(key, host.target.resource(key, names.asset)), stop, "after-grace");
  }
  return opened;
}

/** Calls `run` and stores each output; answers with the keys that were left out. */
async function runAndStore(
  task: StepTask,
  step: GraphStep,
  host: StepHost,
  names: StepNames,
  stop: Stop,
  given: { readonly inputs: Record<string, unknown>; readonly resources: Record<string, unknown>; readonly materialized: Materialized[] },
): Promise<readonly string[]> {
  const { definition } = step;
  const asked = new Set(task.step.assets);
  const selected = new Set(Object.entries(definition.outputs).flatMap(([name, { key }]) => (asked.has(key) ? [name] : [])));
  const params = { ...definition.params };
  for (const name of Object.keys(params)) if (Object.hasOwn(task.params, name)) params[name] = task.params[name];
  const { partitions } = task.step;
  const at = { runId: task.runId, step: task.step.step, ...(partitions?.length === 1 ? { partition: partitions[0]! } : {}) };
  const { context, said, log, close } = stepContext(
    at,
    {
      key: definition.id,
      ...contextPartitions(host.partitioning.ofStep(step), partitions ?? [], definition.range === true, host.addPartitions),
      resources: given.resources,
      params,
      signal: stop.signal,
      selected,
    },
    host.emit,
    host.clock,
  );
  try {
    // `run` may be synchronous: whatever it throws must reach the same place.
    const returned = await abandonable((async () => definition.run(given.inputs, context))(), stop, "at-once");
    const outputs = outputsOf(step, names, returned, selected);
    const absent: string[] = [];
    const voids = new Set<AssetDefinition>();
    for (const { asset, value } of outputs) {
      if (value !== undefined) continue;
      if (asset.optional) absent.push(asset.key);
      else {
        await refuseMissingValue(asset, task, host, stop);
        voids.add(asset);
      }
    }
    for (const { asset, value } of outputs) {
      if (value === undefined && !voids.has(asset)) continue;
      await storeOutput({ task, step, host, names, stop, said, log, materialized: given.materialized }, asset, value);
      await checkOutput(task, host, stop, asset, given.materialized);
    }
    return absent;
  } finally {
    close();
  }
}

/** Makes the checks of an output that were not made while it was staged. */
async function checkOutput(task: StepTask, host: StepHost, stop: Stop, asset: AssetDefinition, materialized: readonly Materialized[]): Promise<void> {
  if (!asset.checks?.length) return;
  const stored = materialized.filter(({ key }) => key === asset.key);
  const verified = (partition: string | undefined) => host.verified.has(valueId(asset.key, partition));
  await checkStored({ runId: task.runId, step: task.step.step, host, stop }, asset, stored, verified);
}

/** What `run` returned, by output. */
function outputsOf(step: GraphStep, names: StepNames, returned: unknown, selected: ReadonlySet<string>) {
  const { outputs } = step.definition;
  const single = outputs[""];
  if (single) return [{ asset: single, value: returned }];
  if (returned !== undefined && (typeof returned !== "object" || returned === null)) {
    throw new SluiceError(
      "run/no-value",
      `${step.name} returned ${returned === null ? "null" : `a ${typeof returned}`} where it should return an object of its outputs.`,
      {
        asset: names.asset,
        hint: `Return { ${Object.keys(outputs).join(", ")} }.`,
      },
    );
  }
  const values = (returned ?? {}) as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(outputs, name) && values[name] !== undefined);
  if (unknown.length > 0) {
    throw new SluiceError(
      "run/failed",
      `${step.name} returned ${unknown.map((name) => `"${name}"`).join(", ")}, which it does not declare in outputs.`,
      { asset: names.asset },
    );
  }
  return Object.entries(outputs).flatMap(([name, asset]) => (selected.has(name) ? [{ asset, value: values[name] }] : []));
}

/** `undefined` is right only for an asset that stores its value itself: a forgotten `return` must never look like success. */
async function refuseMissingValue(asset: AssetDefinition, task: StepTask, host: StepHost, stop: Stop): Promise<void> {
  const { key } = asset;
  const several = asset.step?.outputs[""] === undefined;
  const or = several ? " Or declare it output({ optional: true }): then its former value stays." : "";
  const what = several ? `${asset.step!.id} returned nothing for ${key}` : `${key} returned nothing`;
  const wrong = (why: string, hint: string) => new SluiceError("run/no-value", `${what}, ${why}.`, { asset: key, hint: `${hint}${or}` });
  if (host.graph.loaded.has(key)) {
    const users = host.graph.assets
      .get(key)!
      .downstream.filter((each) => host.graph.assets.get(each)!.step!.inputs.some((input) => input.key === key));
    throw wrong(
      `but ${users.join(" and ")} takes it as an input`,
      'Return the value; or, where the asset stores it itself, name it in "deps" instead of "inputs".',
    );
  }
  const before = host.materializedBefore(key);
  if (before === "by-itself") return;
  const hint = "Return the value on every path; or, where the asset now stores it itself, delete the former value first.";
  if (before === "stored") throw wrong("but an I/O manager stored its value before", hint);
  const { manager } = host.target.managerOf(asset);
  if (!manager.inspect) return;
  let record: Partial<StoredRecord> | undefined;
  try {
    record = await abandonable(
      manager.inspect({ key, table: asset.table, ...host.partitioning.address(key, task.step.partitions?.slice(0, 1) ?? []), signal: stop.signal }),
      stop,
      "after-grace",
    );
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    // The asset uses no I/O manager, so one that cannot be asked does not concern it.
    return;
  }
  if (record?.runId !== undefined && record.key === key) throw wrong("but an I/O manager stored its value before", hint);
}
