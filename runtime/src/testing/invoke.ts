import type { AssetDefinition } from "../assets/definition.ts";
import type { AnyAsset, Loaded } from "../assets/inputs.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { isKind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { LogLevel } from "../model/events.ts";

/** What `run` is to see as its context; what is left out is empty, and logs go nowhere. */
export interface InvokeContext {
  /** Opened values by the name that `run` knows them by. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** In place of the asset's defaults. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly log?: (level: LogLevel, message: string) => void;
  /** Receives what `run` says with `context.metadata`. */
  readonly metadata?: (more: Readonly<Record<string, unknown>>) => void;
  readonly progress?: (done: number, total?: number) => void;
}

/**
 * Calls an asset's `run` with these inputs and stores nothing. Each input is the value in the shape that the asset asks for.
 * Resolves to what `run` returned. Throws what it throws; `config/invalid` for inputs that the asset does not have, or lacks.
 * @example expect(await invoke(cleanSales, { rawSales: [{ owner: "a", amount: null }] })).toEqual([{ owner: "a", amount: 0 }]);
 */
export async function invoke<A extends AnyAsset>(
  asset: A,
  inputs: Readonly<Record<string, unknown>> = {},
  context: InvokeContext = {},
): Promise<Loaded<A, Unpartitioned>> {
  const { key, step } = asset as unknown as AssetDefinition;
  if (!isKind(asset, "asset") || !step) {
    throw new SluiceError("config/invalid", `"${String(key)}" has no run: it is a source, or no asset.`, { asset: key });
  }
  const known = Object.keys(step.inputs);
  const strange = Object.keys(inputs).find((name) => !known.includes(name));
  const missing = known.find((name) => !Object.hasOwn(inputs, name));
  if (strange !== undefined || missing !== undefined) {
    const what = strange !== undefined ? `has no input "${strange}"` : `needs the input "${missing}"`;
    throw new SluiceError("config/invalid", `Asset "${key}" ${what}.`, { asset: key, hint: `Its inputs are ${known.join(", ") || "none"}.` });
  }
  const { resources = {}, params = {}, signal = new AbortController().signal, log = () => {}, metadata = () => {}, progress = () => {} } = context;
  const said = (level: LogLevel) => (message: string) => log(level, String(message));
  const value = await step.run(inputs, {
    key: step.id,
    partition: undefined,
    resources,
    params: { ...step.params, ...params },
    signal,
    log: { debug: said("debug"), info: said("info"), warn: said("warn"), error: said("error") },
    metadata,
    progress,
    dataVersion: () => {},
    selected: new Set(Object.keys(step.outputs)),
  });
  return value as Loaded<A, Unpartitioned>;
}
