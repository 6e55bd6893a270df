import type { ErrorInfo } from "../model/errors.ts";
import { keySelection } from "../model/selection.ts";
import type { StoredRecord } from "../model/values.ts";
import { coalesce, joinList } from "../partitions/select.ts";
import { type AssetGraph, aboutAsset, type GraphInput, type GraphStep } from "./graph.ts";
import type { History } from "./history.ts";
import { type Partitioning, valueId } from "./partitioning.ts";
import type { PlanStep, RunPlan } from "./plan.ts";
import { attempt } from "./problems.ts";
import { type RecordRequest, readRecords, requestId, type StoreAnswer } from "./records.ts";
import { shownPlace, type Target } from "./target.ts";
import { storedByItself, versionOf } from "./versions.ts";

/** An input whose value, or some of whose partitions, this run does not make. */
interface OutsideInput extends RecordRequest {
  readonly step: PlanStep;
  readonly input: string;
  readonly mayBeMissing: boolean;
  /** Upstream partitions from outside, in order; `undefined` for a whole value. */
  readonly needed: readonly string[] | undefined;
}
/** What of an input is not there, and what lies on the other target. */
interface Found {
  readonly input: OutsideInput;
  readonly missing: readonly (string | undefined)[];
  readonly elsewhere: readonly (string | undefined)[];
}

/**
 * Looks at every upstream value that the run reads and does not make, before it starts. Fills in the plan's `versions`, `readFrom` and `absent`.
 * Problems, all together: `io/not-found` with where it was looked for and what to materialize, `graph/nothing-to-load`, `partition/unknown`.
 */
export async function resolveInputs(
  graph: AssetGraph,
  target: Target,
  plan: RunPlan,
  options: {
    readonly history: History;
    readonly signal: AbortSignal;
    readonly partitioning: Partitioning;
    /** The target of a command that names none. */
    readonly defaultTarget: string;
  },
): Promise<{ readonly plan: RunPlan; readonly problems: readonly ErrorInfo[] }> {
  const { partitioning, signal } = options;
  const running = plan.steps.filter(({ skip }) => !skip);
  const made = new Set<string>();
  for (const { assets, partitions } of running) for (const key of assets) for (const each of partitions ?? [undefined]) made.add(valueId(key, each));

  const inputs: OutsideInput[] = [];
  const outside: ErrorInfo[] = [];
  const requests = new Map<string, { readonly key: string; readonly ioManager?: string | undefined; partitions?: Set<string> }>();
  const ask = (request: RecordRequest, partitions: readonly string[] | undefined) => {
    const id = requestId(request);
    const known = requests.get(id) ?? { key: request.key, ioManager: request.ioManager, ...(partitions ? { partitions: new Set<string>() } : {}) };
    for (const each of partitions ?? []) known.partitions?.add(each);
    requests.set(id, known);
  };
  const told = new Set<string>();
  for (const entry of running) {
    const step = graph.steps.get(entry.of)!;
    for (const input of step.inputs) {
      const key = input.key ?? step.assets[0]!;
      if (!graph.assets.has(key)) continue;
      const { needed, beyond } = wanted(partitioning, step, input, entry.partitions);
      const mayBeMissing = input.definition.allowMissingPartitions || input.key === undefined;
      if (beyond !== undefined && !input.definition.allowMissingPartitions && !told.has(`${step.name} ${input.name}`)) {
        told.add(`${step.name} ${input.name}`);
        outside.push(notDefined(graph, partitioning, step, input.name, key, entry.partitions, beyond));
      }
      const open = needed ? needed.filter((each) => !made.has(valueId(key, each))) : made.has(key) ? [] : undefined;
      if (open?.length === 0) continue;
      const request = { key, ioManager: input.definition.ioManager, step: entry, input: input.name, mayBeMissing, needed: open };
      inputs.push(request);
      ask(request, open);
    }
    for (const partition of entry.partitions ?? [undefined]) {
      for (const { asset, partitions } of partitioning.needs(step, partition)) {
        const open = partitions?.filter((each) => !made.has(valueId(asset, each)));
        if (open ? open.length > 0 : !made.has(asset)) ask({ key: asset }, open);
      }
    }
  }
  if (requests.size === 0) return { plan, problems: outside };

  const here = await readRecords(graph, target, [...requests.values()], signal, partitioning);
  const lacking = inputs
    .map((input) => ({ input, missing: missingOf(input, here.get(requestId(input))) }))
    .filter(({ missing }) => missing.length > 0);
  const elsewhere =
    target.readFrom &&
    (await readRecords(
      graph,
      target.readFrom,
      lacking.map(({ input }) => requests.get(requestId(input))!),
      signal,
      partitioning,
    ));
  const found = lacking.map(({ input, missing }): Found => {
    const answer = elsewhere?.get(requestId(input));
    const still = new Set(answer ? missingOf(input, answer, true) : missing);
    return { input, missing: missing.filter((each) => still.has(each)), elsewhere: missing.filter((each) => !still.has(each)) };
  });
  const known = options.history.materializations(target.name);

  const versions: Record<string, string> = {};
  for (const [id, { key, partitions }] of requests) {
    for (const partition of partitions ?? [undefined]) {
      const own = recordIn(here.get(id), partition) ?? recordIn(elsewhere?.get(id), partition);
      const record = own ?? (partition === undefined ? known.get(key)?.record : undefined);
      const version = record && versionOf(record);
      if (version !== undefined) versions[valueId(key, partition)] ??= version;
    }
  }
  const absent = found.filter(({ input, missing }) => missing.length > 0 && !(input.needed && input.mayBeMissing));
  const problems = [...outside, ...notFound(graph, target, options, absent, known), ...unreadable(here, inputs)];
  return { plan: { ...plan, steps: completed(plan.steps, found), versions }, problems };
}

/** The upstream partitions that a step reads, each once. */
function wanted(partitioning: Partitioning, step: GraphStep, input: GraphInput, partitions: readonly string[] | undefined) {
  const mapping = partitioning.mappingOf(step, input);
  if (!mapping) return { needed: undefined, beyond: undefined };
  const needed = new Set<string>();
  let beyond: string | undefined;
  for (const partition of partitions ?? [undefined]) {
    const { keys, outside } = mapping.upstream(partition);
    for (const key of keys) needed.add(key);
    beyond ??= outside;
  }
  return { needed: [...needed], beyond };
}

const recordIn = (answer: StoreAnswer | undefined, partition: string | undefined): Partial<StoredRecord> | undefined =>
  answer?.state === "stored"
    ? answer.record
    : answer?.state === "partitions" && partition !== undefined
      ? answer.partitions.get(partition)
      : undefined;

/** What a store says is not there; where it cannot be asked, it may be there, unless `certain` is wanted. */
function missingOf({ needed }: OutsideInput, answer: StoreAnswer | undefined, certain = false): readonly (string | undefined)[] {
  if (answer?.state === "partitions") return (needed ?? []).filter((each) => !answer.partitions.has(each));
  return answer?.state === "missing" || (certain && answer?.state !== "stored") ? (needed ?? [undefined]) : [];
}

/** The steps with what was found out about their inputs. */
function completed(steps: readonly PlanStep[], found: readonly Found[]): readonly PlanStep[] {
  if (found.length === 0) return steps;
  const byStep = new Map<PlanStep, Found[]>();
  for (const each of found) byStep.set(each.input.step, [...(byStep.get(each.input.step) ?? []), each]);
  return steps.map((step) => {
    const own = byStep.get(step);
    if (!own) return step;
    const names = (pick: (each: Found) => boolean) => own.filter(pick).map(({ input }) => input.input);
    const partitions = (of: "missing" | "elsewhere") =>
      Object.fromEntries(
        own.flatMap((each) => (each.input.needed && each[of].length > 0 ? [[each.input.input, each[of] as readonly string[]]] : [])),
      );
    const readFrom = names(({ input, elsewhere }) => !input.needed && elsewhere.length > 0);
    const readFromPartitions = partitions("elsewhere");
    const absent = partitions("missing");
    return {
      ...step,
      ...(readFrom.length > 0 ? { readFrom } : {}),
      ...(Object.keys(readFromPartitions).length > 0 ? { readFromPartitions } : {}),
      ...(Object.keys(absent).length > 0 ? { absent } : {}),
    };
  });
}

function notDefined(
  graph: AssetGraph,
  partitioning: Partitioning,
  step: GraphStep,
  input: string,
  key: string,
  partitions: readonly string[] | undefined,
  beyond: string,
): ErrorInfo {
  const [asset] = step.assets;
  const which = partitions ? ` for its partition "${partitions[0]}"` : "";
  return {
    code: "partition/unknown",
    message: `${asset} takes the partition "${beyond}" of ${key} as its input "${input}"${which}, and ${key} has no such partition.`,
    hint: `${partitioning.spaceOf(key)!.hint(beyond)} With allowMissingPartitions: true the input may be undefined.`,
    ...aboutAsset(graph.assets.get(asset!)!.definition),
  };
}

function notFound(
  graph: AssetGraph,
  target: Target,
  { partitioning, defaultTarget }: { readonly partitioning: Partitioning; readonly defaultTarget: string },
  absent: readonly Found[],
  known: ReturnType<History["materializations"]>,
): readonly ErrorInfo[] {
  const byKey = new Map<string, Found[]>();
  for (const found of absent) byKey.set(found.input.key, [...(byKey.get(found.input.key) ?? []), found]);
  const selfStored = (key: string) => known.get(key)?.record.handler === storedByItself;
  const whole = [...byKey.keys()].filter((key) => graph.assets.get(key)!.step && !graph.assets.get(key)!.definition.partitions && !selfStored(key));
  const on = target.name === defaultTarget ? "" : ` -t ${shellWord(target.name)}`;
  return Array.from(byKey, ([key, users]): ErrorInfo => {
    const { definition } = graph.assets.get(key)!;
    const takes = new Set(users.map(({ input }) => `${graph.steps.get(input.step.of)!.assets[0]} takes it as its input "${input.input}"`));
    const consumers = [...takes].join(", ");
    if (selfStored(key)) {
      return {
        code: "graph/nothing-to-load",
        message: `${key} stores its value itself, so that there is nothing to load; ${consumers}.`,
        hint: `Name it in "deps" instead of "inputs", or let its run return the value.`,
        ...aboutAsset(graph.assets.get(graph.steps.get(users[0]!.input.step.of)!.assets[0]!)!.definition),
      };
    }
    const looked = [target, ...(target.readFrom ? [target.readFrom] : [])].map((where) => placeText(where, graph, users[0]!.input)).join(", and ");
    const source = `${key} is a source: something else has to write it, or its I/O manager and table must say where it lies.`;
    const about = aboutAsset(definition);
    if (!definition.partitions) {
      const hint = definition.step
        ? `Materialize what is missing first: sluice materialize ${shellWord(whole.map(keySelection).join(" or "))}${on}`
        : source;
      return { code: "io/not-found", message: `${key} is not there (looked in ${looked}); ${consumers}.`, hint, ...about };
    }
    const keys = [...new Set(users.flatMap(({ missing }) => missing as readonly string[]))];
    const ranges = coalesce(partitioning.spaceOf(key)!, keys);
    const shown = ranges.length > mostShown ? `${ranges.slice(0, mostShown).join(", ")}, and ${ranges.length - mostShown} more` : ranges.join(", ");
    const what = keys.length === 1 ? `the partition ${shown} of ${key} is` : `${keys.length} partitions of ${key} are`;
    const list = keys.length === 1 ? "" : `: ${shown}`;
    const fix = `sluice materialize ${shellWord(keySelection(key))} --partitions ${shellWord(joinList(ranges))}${on}`;
    return {
      code: "io/not-found",
      message: `${what[0]!.toUpperCase()}${what.slice(1)} not there (looked in ${looked})${list}; ${consumers}.`,
      hint: definition.step ? `Materialize what is missing first: ${fix}` : source,
      ...about,
    };
  });
}

/** Ranges of missing partitions that a message names. */
const mostShown = 5;
const shellWord = (text: string): string => (/^[\w./,=:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function placeText(target: Target, graph: AssetGraph, { key, ioManager }: RecordRequest): string {
  const { definition } = graph.assets.get(key)!;
  const bound = attempt(() => target.managerOf(definition, ioManager), []);
  const place = bound && shownPlace(bound.manager, definition);
  return `${bound?.name ?? "an unbound I/O manager"} of target "${target.name}"${place === undefined ? "" : `: ${place}`}`;
}

/** A store that cannot be asked now could not be read from later either: say so before the run, once per error. */
function unreadable(answers: ReadonlyMap<string, StoreAnswer>, inputs: readonly OutsideInput[]): readonly ErrorInfo[] {
  const found = new Map<string, ErrorInfo>();
  for (const input of inputs) {
    const answer = answers.get(requestId(input));
    if (answer?.state === "unknown" && answer.error) found.set(answer.error.message, answer.error);
  }
  return [...found.values()];
}
