import type { ErrorInfo } from "../model/errors.ts";
import { keySelection } from "../model/selection.ts";
import { type AssetGraph, aboutAsset } from "./graph.ts";
import type { History } from "./history.ts";
import type { PlanStep, RunPlan } from "./plan.ts";
import { attempt } from "./problems.ts";
import { type RecordRequest, readRecords, requestId, type StoreAnswer } from "./records.ts";
import { placeOf, type Target } from "./target.ts";
import { storedByItself, versionOf } from "./versions.ts";

/** An input whose value this run does not make. */
interface OutsideInput extends RecordRequest {
  readonly step: string;
  readonly input: string;
}

/**
 * Looks at every upstream value that the run reads and does not make, before it starts. Fills in the plan's `versions` and `readFrom`.
 * Problems, all together: `io/not-found` with where it was looked for and what to materialize, `graph/nothing-to-load`.
 */
export async function resolveInputs(
  graph: AssetGraph,
  target: Target,
  plan: RunPlan,
  options: { readonly history: History; readonly signal: AbortSignal },
): Promise<{ readonly plan: RunPlan; readonly problems: readonly ErrorInfo[] }> {
  const running = plan.steps.filter(({ skip }) => !skip);
  const made = new Set(running.flatMap(({ assets }) => assets));
  const inputs: OutsideInput[] = [];
  const requests = new Map<string, RecordRequest>();
  for (const { step: name } of running) {
    const step = graph.steps.get(name)!;
    for (const { name: input, key, definition } of step.inputs) {
      if (key === undefined || made.has(key) || !graph.assets.has(key)) continue;
      const request = { key, ioManager: definition.ioManager, step: name, input };
      inputs.push(request);
      requests.set(requestId(request), { key, ioManager: definition.ioManager });
    }
    for (const key of step.upstream) if (!made.has(key)) requests.set(requestId({ key }), { key });
  }
  if (requests.size === 0) return { plan, problems: [] };

  const here = await readRecords(graph, target, [...requests.values()], options.signal);
  const elsewhere =
    target.readFrom &&
    (await readRecords(
      graph,
      target.readFrom,
      inputs.filter((input) => here.get(requestId(input))?.state === "missing"),
      options.signal,
    ));
  const known = options.history.materializations(target.name);

  const versions: Record<string, string> = {};
  for (const [id, { key }] of requests) {
    const answer = here.get(id);
    const there = elsewhere?.get(id);
    const record = answer?.state === "stored" ? answer.record : there?.state === "stored" ? there.record : known.get(key)?.record;
    const version = record && versionOf(record);
    if (version !== undefined) versions[key] ??= version;
  }

  const absent = inputs.filter((input) => here.get(requestId(input))?.state === "missing" && elsewhere?.get(requestId(input))?.state !== "stored");
  const readFrom = new Map<string, string[]>();
  for (const input of inputs) {
    if (here.get(requestId(input))?.state !== "missing" || elsewhere?.get(requestId(input))?.state !== "stored") continue;
    readFrom.set(input.step, [...(readFrom.get(input.step) ?? []), input.input]);
  }
  const steps =
    readFrom.size === 0
      ? plan.steps
      : plan.steps.map((step): PlanStep => (readFrom.has(step.step) ? { ...step, readFrom: readFrom.get(step.step)! } : step));
  return { plan: { ...plan, steps, versions }, problems: [...notFound(graph, target, absent, known), ...unreadable(here, inputs)] };
}

function notFound(
  graph: AssetGraph,
  target: Target,
  absent: readonly OutsideInput[],
  known: ReturnType<History["materializations"]>,
): readonly ErrorInfo[] {
  const byKey = new Map<string, OutsideInput[]>();
  for (const input of absent) byKey.set(input.key, [...(byKey.get(input.key) ?? []), input]);
  const selfStored = (key: string) => known.get(key)?.record.handler === storedByItself;
  const toMake = [...byKey.keys()].filter((key) => graph.assets.get(key)!.step && !selfStored(key));
  return Array.from(byKey, ([key, users]): ErrorInfo => {
    const { definition } = graph.assets.get(key)!;
    const consumers = users.map(({ step, input }) => `${graph.steps.get(step)!.assets[0]} takes it as its input "${input}"`).join(", ");
    if (selfStored(key)) {
      return {
        code: "graph/nothing-to-load",
        message: `${key} stores its value itself, so that there is nothing to load; ${consumers}.`,
        hint: `Name it in "deps" instead of "inputs", or let its run return the value.`,
        ...aboutAsset(graph.assets.get(graph.steps.get(users[0]!.step)!.assets[0]!)!.definition),
      };
    }
    const looked = [target, ...(target.readFrom ? [target.readFrom] : [])].map((where) => placeText(where, graph, users[0]!)).join(", and ");
    const source = !definition.step;
    return {
      code: "io/not-found",
      message: `${key} is not there (looked in ${looked}); ${consumers}.`,
      hint: source
        ? `${key} is a source: something else has to write it, or its I/O manager and table must say where it lies.`
        : `Materialize what is missing first, for instance with the selection: ${toMake.map(keySelection).join(" or ")}`,
      ...aboutAsset(definition),
    };
  });
}

function placeText(target: Target, graph: AssetGraph, { key, ioManager }: RecordRequest): string {
  const { definition } = graph.assets.get(key)!;
  const bound = attempt(() => target.managerOf(definition, ioManager), []);
  const place = bound && placeOf(bound.manager, definition);
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
