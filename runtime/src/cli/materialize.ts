import type { PlanStep } from "../engine/plan.ts";
import type { RunEvent } from "../model/events.ts";
import type { Manifest } from "../model/graph.ts";
import type { MaterializeRequest } from "../project/session.ts";
import { type Command, type CommandContext, partitionFlags, partitionParts, selectFlag, selectionOf, targetFlag } from "./command.ts";
import { errorText, exitCodes, UsageError } from "./errors.ts";
import { runView, stepLabel } from "./run-view.ts";
import { drawList } from "./table.ts";
import { plainLine } from "./terminal.ts";

/** How often running lines are drawn again, in milliseconds. */
const frame = 120;

export const materialize: Command = {
  name: "materialize",
  summary: "Runs assets and stores what they return.",
  usage: "[<selection>] [flags]",
  arguments: 1,
  flags: {
    select: selectFlag,
    target: targetFlag,
    ...partitionFlags,
    missing: { type: "boolean", text: "only partitions that are not stored, or failed last" },
    batch: { type: "string", value: "<n>", text: "runs of at most so many partitions, one after the other" },
    upstream: { type: "boolean", text: "run upstream assets first that are missing or stale" },
    "dry-run": { type: "boolean", text: "show what would run, and what would keep it from running" },
    concurrency: { type: "string", value: "<n>", text: "most assets at once; 4 when left out" },
    "fail-fast": { type: "boolean", text: "start nothing more after the first failure" },
    yes: { type: "boolean", text: "confirm writing to a protected target" },
  },
  examples: [
    "sluice materialize",
    'sluice materialize "sales_summary" --upstream',
    'sluice materialize -s "group:sales and status:stale" -t prod --yes',
    "sluice materialize daily_sales --range 2026-01-01..2026-01-31 --missing",
  ],
  async run(context) {
    const { session, values, terminal, folder, signal } = context;
    const concurrency = values.count("concurrency", 1);
    const selection = selectionOf(values);
    const request: MaterializeRequest = {
      target: values.text("target"),
      selection: selection ?? "*",
      upstream: values.on("upstream"),
      partitions: partitionParts(values),
      missing: values.on("missing"),
      concurrency,
      failFast: values.on("fail-fast"),
    };
    const manifest = await session.manifest();
    const unloaded = manifest.errors.filter(({ code }) => code !== "graph/storage-collision");
    for (const error of unloaded) terminal.error(`${terminal.paint("red", "✗")} ${error.code}\n${errorText(error, terminal, folder)}`);
    const code = values.on("dry-run") ? await dryRun(context, request) : await run(context, request, manifest);
    signal.throwIfAborted();
    // a part of the project is missing from what "all" means
    return code === exitCodes.ok && selection === undefined && unloaded.length > 0 ? exitCodes.failed : code;
  },
};

async function dryRun({ session, values, terminal, signal }: CommandContext, request: MaterializeRequest): Promise<number> {
  const plan = await session.plan(request, signal);
  if (values.on("json")) terminal.out(`${JSON.stringify({ target: plan.target, selection: plan.selection, steps: plan.steps })}\n`);
  else {
    const state = ({ skip }: PlanStep) => (skip ? "fresh, not needed" : "runs");
    terminal.out(`${terminal.paint("bold", plainLine(plan.target))} · would run:\n`);
    terminal.out(
      drawList(
        plan.steps.map((step) => [
          `  ${plainLine(stepLabel(step))}`,
          state(step),
          step.after.length === 0 ? "" : `← ${plainLine(step.after.join(", "))}`,
        ]),
      ),
    );
  }
  return exitCodes.ok;
}

async function run(context: CommandContext, request: MaterializeRequest, manifest: Manifest): Promise<number> {
  const { session, values, terminal, folder, signal } = context;
  const targetName = request.target ?? manifest.defaultTarget;
  const isProtected = manifest.targets.find(({ name }) => name === targetName)?.protected === true;
  let confirmed = values.on("yes");
  if (isProtected && !confirmed) {
    const plan = await session.plan(request, signal);
    const count = plan.steps.reduce((sum, { assets, skip }) => sum + (skip ? 0 : assets.length), 0);
    const answer = await context.confirm(`Target "${targetName}" is protected. Replace ${count} ${count === 1 ? "asset" : "assets"} there?`);
    if (answer === undefined) throw new UsageError(`Target "${targetName}" is protected. Confirm writing to it with --yes.`);
    if (!answer) return exitCodes.cancelled;
    confirmed = true;
  }

  const json = values.on("json");
  const view = json ? undefined : runView(terminal, folder);
  const take = json ? (event: RunEvent) => terminal.out(`${JSON.stringify(event)}\n`) : (event: RunEvent) => view?.take(event);
  context.onPrint((line) => (view ? view.log(line) : terminal.error(`${line}\n`)));
  const timer = terminal.interactive && view ? setInterval(() => view.tick(Date.now()), frame) : undefined;
  try {
    const size = values.count("batch", 1);
    const batches = size === undefined ? [request.partitions] : await session.batches(request, size, signal);
    if (batches.length === 0 && view) terminal.out("Nothing to do.\n");
    let worst: number = exitCodes.ok;
    for (const partitions of batches) {
      const { state } = await session.materialize({ ...request, partitions, confirmed }, take, signal);
      if (state === "cancelled") return exitCodes.cancelled;
      if (state !== "succeeded") worst = exitCodes.failed;
      if (worst !== exitCodes.ok && request.failFast) break;
    }
    return worst;
  } finally {
    clearInterval(timer);
  }
}
