import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { schedule } from "./execute.ts";
import { fakeClock } from "./fixture.ts";
import type { PlanStep, RunPlan } from "./plan.ts";
import type { StepOutcome, StepTask } from "./step-task.ts";
import type { Transport } from "./transport.ts";

interface RandomStep {
  readonly upstream: readonly number[];
  readonly fails: boolean;
  readonly absent: boolean;
  readonly skip: boolean;
  readonly pool: string | undefined;
  readonly io: string;
}
/** Acyclic: each step names only steps before it. */
const graphs = fc
  .array(
    fc.record({
      picks: fc.array(fc.nat(), { maxLength: 3 }),
      fails: fc.boolean(),
      absent: fc.boolean(),
      skip: fc.boolean(),
      pool: fc.option(fc.constantFrom("p", "q")),
      io: fc.constantFrom("x", "y"),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((list): RandomStep[] =>
    list.map(({ picks, fails, absent, skip, pool, io }, i) => ({
      upstream: i === 0 ? [] : [...new Set(picks.map((pick) => pick % i))],
      fails: fails && i % 3 === 0,
      absent: absent && i % 4 === 1,
      skip: skip && i % 5 === 2,
      pool: pool ?? undefined,
      io,
    })),
  );

const planOf = (steps: readonly RandomStep[]): RunPlan => ({
  target: "local",
  selection: "*",
  versions: {},
  moment: { now: 0, dynamic: {} },
  params: {},
  steps: steps.map(
    ({ upstream, skip, pool, io }, i): PlanStep => ({
      step: `s${i}`,
      of: `s${i}`,
      assets: [`s${i}`],
      upstream: upstream.map((j) => `s${j}`),
      after: upstream.map((j) => `s${j}`),
      ioManagers: [io],
      ...(skip ? { skip: "not-needed" } : {}),
      ...(pool === undefined ? {} : { pool }),
    }),
  ),
});

/** A transport whose steps end in the order that `pick` decides, one at a time. */
function puppet(steps: readonly RandomStep[], pick: (running: number) => number) {
  const running: { readonly task: StepTask; readonly end: (outcome: StepOutcome) => void; readonly outcome: Promise<StepOutcome> }[] = [];
  const log = { started: [] as string[], most: 0, mostPool: new Map<string, number>() };
  const indexOf = (name: string) => Number(name.slice(1));
  const transport: Transport = {
    reach: "process",
    events: () => {},
    submit: (task) => {
      let end: (outcome: StepOutcome) => void = () => {};
      const outcome = new Promise<StepOutcome>((resolve) => {
        end = resolve;
      });
      running.push({ task, end, outcome });
      log.started.push(task.step.step);
      log.most = Math.max(log.most, running.length);
      const counts = new Map<string, number>();
      for (const each of running) {
        const { pool, io } = steps[indexOf(each.task.step.step)]!;
        for (const name of [...(pool === undefined ? [] : [`pool:${pool}`]), `io:${io}`]) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      for (const [name, count] of counts) log.mostPool.set(name, Math.max(log.mostPool.get(name) ?? 0, count));
    },
    outcome: (step) => running.find(({ task }) => task.step.step === step)!.outcome,
    cancel: (step) => {
      const at = running.findIndex(({ task }) => task.step.step === step);
      running.splice(at, 1)[0]?.end({ state: "cancelled", materialized: [] });
    },
    close: async () => {},
  };
  /** Ends one running step; false when none runs. */
  const endOne = (): boolean => {
    if (running.length === 0) return false;
    const [{ task, end }] = running.splice(pick(running.length), 1) as [(typeof running)[number]];
    const { fails, absent } = steps[indexOf(task.step.step)]!;
    const key = task.step.step;
    if (fails) end({ state: "failed", error: { code: "io/unsupported-value", message: "no" }, materialized: [] });
    else
      end({
        state: "succeeded",
        absent: absent ? [key] : [],
        materialized: absent
          ? []
          : [{ key, record: { version: 1, key, handler: "x", runId: "r", step: key, attempt: 1, dataVersion: `v-${key}`, storedAt: "" } }],
      });
    return true;
  };
  return { transport, log, endOne };
}

async function play(
  steps: readonly RandomStep[],
  options: { concurrency: number; pool: number; pick: (running: number) => number; failFast?: boolean; cancelAfter?: number },
) {
  const { transport, log, endOne } = puppet(steps, options.pick);
  const events: RunEvent[] = [];
  const controller = new AbortController();
  const done = schedule(planOf(steps), {
    runId: "r",
    transport,
    emit: (event) => events.push(event),
    signal: controller.signal,
    clock: fakeClock(),
    concurrency: options.concurrency,
    limitOf: (name) => (name.startsWith("pool:") ? options.pool : name === "io:x" ? 2 : undefined),
    failFast: options.failFast ?? false,
    resume: false,
  });
  let result: Awaited<typeof done> | undefined;
  void done.then((value) => {
    result = value;
  });
  let ends = 0;
  for (let turn = 0; turn < 1000 && !result; turn++) {
    if (ends === options.cancelAfter) controller.abort();
    if (endOne()) ends++;
    for (let i = 0; i < 6; i++) await Promise.resolve();
  }
  if (!result) throw new Error("the run never ended");
  return { result, events, log };
}

/** What should become of each step, told naively: by walking upstream. */
function fate(steps: readonly RandomStep[], i: number): "ran" | "failed" | "skipped" | "not-needed" {
  const step = steps[i]!;
  for (const j of step.upstream) {
    const above = fate(steps, j);
    if (above === "failed" || above === "skipped" || (above === "ran" && steps[j]!.absent)) return "skipped";
  }
  return step.skip ? "not-needed" : step.fails ? "failed" : "ran";
}

const seeded = (seed: number) => {
  let state = seed >>> 0;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
};

describe("the scheduler, on random graphs", () => {
  it("runs what can run after its upstream, skips what cannot, each once", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), fc.integer({ min: 1, max: 4 }), async (steps, seed, concurrency) => {
        const { result, events, log } = await play(steps, { concurrency, pool: 1, pick: seeded(seed) });
        const fates = steps.map((_, i) => fate(steps, i));
        expect([...log.started].sort()).toEqual(fates.flatMap((each, i) => (each === "ran" || each === "failed" ? [`s${i}`] : [])).sort());
        expect([...result.failed].sort()).toEqual(fates.flatMap((each, i) => (each === "failed" ? [`s${i}`] : [])).sort());
        expect(result.cancelled).toBe(false);
        const skipped = events.flatMap((event) =>
          event.type === "step-skipped" ? [`${event.step} ${event.reason === "not-needed" ? "not-needed" : "skipped"}`] : [],
        );
        expect(skipped.sort()).toEqual(fates.flatMap((each, i) => (each === "skipped" || each === "not-needed" ? [`s${i} ${each}`] : [])).sort());
        const position = (type: RunEvent["type"], step: string) =>
          events.findIndex((event) => event.type === type && "step" in event && event.step === step);
        for (const name of log.started) {
          for (const j of steps[Number(name.slice(1))]!.upstream) {
            if (fates[j] === "ran") expect(position("step-finished", `s${j}`)).toBeLessThan(position("step-started", name));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never exceeds the limits of the run, of a pool and of an I/O manager, and never stands still below them", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 }), async (steps, seed, concurrency, pool) => {
        const { log } = await play(steps, { concurrency, pool, pick: seeded(seed) });
        expect(log.most).toBeLessThanOrEqual(concurrency);
        for (const [name, most] of log.mostPool) {
          if (name.startsWith("pool:")) expect(most).toBeLessThanOrEqual(pool);
          if (name === "io:x") expect(most).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("uses every place there is", async () => {
    const wide = Array.from({ length: 12 }, (): RandomStep => ({ upstream: [], fails: false, absent: false, skip: false, pool: undefined, io: "y" }));
    expect((await play(wide, { concurrency: 5, pool: 1, pick: () => 0 })).log.most).toBe(5);
    const pooled = wide.map((step, i) => ({ ...step, pool: i < 6 ? "p" : undefined }));
    const { log } = await play(pooled, { concurrency: 5, pool: 1, pick: () => 0 });
    expect([log.most, log.mostPool.get("pool:p")]).toEqual([5, 1]);
  });

  it("starts nothing after a cancellation, and accounts for every step", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), fc.nat({ max: 8 }), async (steps, seed, cancelAfter) => {
        const { result, events } = await play(steps, { concurrency: 3, pool: 1, pick: seeded(seed), cancelAfter });
        const ends = events.flatMap((event) =>
          event.type === "step-finished" || event.type === "step-failed" || event.type === "step-skipped" ? [event.step] : [],
        );
        expect(ends.sort()).toEqual(steps.map((_, i) => `s${i}`).sort());
        const cut = events.some((event) => event.type === "step-skipped" && event.reason === "cancelled");
        expect(result.cancelled).toBe(cut);
      }),
      { numRuns: 200 },
    );
  });

  it("with fail-fast, starts nothing after the first failure", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), async (steps, seed) => {
        const { events } = await play(steps, { concurrency: 3, pool: 1, pick: seeded(seed), failFast: true });
        const failure = events.findIndex(({ type }) => type === "step-failed");
        fc.pre(failure >= 0);
        expect(events.slice(failure).filter(({ type }) => type === "step-started")).toEqual([]);
        const ends = events.filter(({ type }) => type === "step-finished" || type === "step-failed" || type === "step-skipped");
        expect(ends).toHaveLength(steps.length);
      }),
      { numRuns: 200 },
    );
  });

  it("tells each step the data versions of its upstream, made by this run or before", async () => {
    const tasks: StepTask[] = [];
    const steps = [0, 1].map(
      (i): RandomStep => ({ upstream: i === 0 ? [] : [0], fails: false, absent: false, skip: false, pool: undefined, io: "y" }),
    );
    const { transport, endOne } = puppet(steps, () => 0);
    const plan = planOf(steps);
    const outside = {
      ...plan,
      versions: { other: "v-other" },
      steps: plan.steps.map((step) => ({ ...step, upstream: [...step.upstream, "other", "unknown"] })),
    };
    const done = schedule(outside, {
      ...{
        runId: "r",
        emit: () => {},
        signal: new AbortController().signal,
        clock: fakeClock(),
        concurrency: 1,
        limitOf: () => undefined,
        failFast: false,
        resume: false,
      },
      transport: {
        ...transport,
        submit: (task) => {
          tasks.push(task);
          transport.submit(task);
        },
      },
    });
    endOne();
    for (let i = 0; i < 6; i++) await Promise.resolve();
    endOne();
    await done;
    expect(tasks.map(({ versions }) => versions)).toEqual([{ other: "v-other" }, { other: "v-other", s0: "v-s0" }]);
  });
});
