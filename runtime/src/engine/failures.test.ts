import { describe, expect, it } from "vitest";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeClock, fakeProject, materialize, memory, story } from "./fixture.ts";

const failureOf = (events: readonly RunEvent[], step: string) =>
  events.find((event) => event.type === "step-failed" && event.step === step) as Extract<RunEvent, { type: "step-failed" }> | undefined;

const sales = () =>
  fakeProject({
    raw_sales: { run: () => [{ amount: 2 }, { amount: null }] },
    clean_sales: { inputs: { raw: "raw_sales" }, run: ({ raw }) => (raw as { amount: number | null }[]).map((row) => ({ amount: row.amount ?? 0 })) },
    sales_summary: { inputs: { clean: "clean_sales" }, run: ({ clean }) => (clean as { amount: number }[]).length },
  });

describe("a step that fails", () => {
  const broken = () =>
    fakeProject({
      good: {},
      bad: {
        run: () => {
          throw new TypeError("boom");
        },
      },
      after: { inputs: { bad: "bad", good: "good" } },
      later: { deps: ["after"] },
      beside: { inputs: { good: "good" } },
    });

  it("skips its downstream and nothing else, naming the asset to blame", async () => {
    const { summary, events } = await materialize(broken(), "*", { concurrency: 1 });
    expect(summary).toMatchObject({ state: "failed", failed: ["bad"] });
    expect(story(events)).toEqual([
      ...["good started", "good finished", "bad started", "bad failed"],
      ...["after skipped: upstream-failed (bad)", "later skipped: upstream-skipped (bad)"],
      ...["beside started", "beside finished"],
    ]);
    expect(failureOf(events, "bad")?.error).toMatchObject({ code: "run/failed", message: "boom", thrown: "TypeError", asset: "bad" });
  });

  it("with fail-fast, lets running steps finish and starts nothing more", async () => {
    const { summary, events } = await materialize(broken(), "*", { failFast: true, concurrency: 1 });
    expect(summary.state).toBe("failed");
    expect(story(events)).toContain("beside skipped: cancelled");
    expect(story(events)).not.toContain("beside started");
  });

  it("with fail-fast, repeats nothing either", async () => {
    let fail: (error: Error) => void = () => {};
    const fake = fakeProject({
      slow: {
        retry: { max: 5 },
        run: () =>
          new Promise((_, reject) => {
            fail = reject;
          }),
      },
      bad: {
        run: () => {
          setImmediate(() => fail(new Error("late")));
          throw new Error("boom");
        },
      },
    });
    const { summary, events } = await materialize(fake, "*", { failFast: true });
    expect(summary).toMatchObject({ state: "failed", failed: ["bad", "slow"] });
    expect(story(events)).toEqual(["slow started", "bad started", "bad failed", "slow failed"]);
  });

  it("names the user's own line: the first of the stack inside the project", async () => {
    const thrown = new Error("no");
    thrown.stack = [
      "Error: no",
      "    at lib (/project/node_modules/lib/index.js:1:2)",
      "    at run (file:///project/assets/a.ts?v=3:12:9)",
      "    at /project/assets/b.ts:1:1",
    ].join("\n");
    const fake = fakeProject({ a: { run: () => Promise.reject(thrown) } });
    const { events } = await materialize(fake, "a");
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "run/failed", place: { file: "/project/assets/a.ts", line: 12, column: 9 } });
  });

  it("falls back to where the asset is defined", async () => {
    const fake = fakeProject({ a: { run: () => Promise.reject("text"), definedAt: "    at file:///project/assets/a.ts:3:25" } });
    const { events } = await materialize(fake, "a");
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "run/failed", message: "text", place: { file: "/project/assets/a.ts", line: 3 } });
  });

  it("says io/unavailable for what an I/O manager throws, naming it and the asset", async () => {
    const loading = memory("shelf", {
      loadInput: async () => {
        throw new Error("ECONNRESET");
      },
    });
    const first = await materialize(fakeProject({ a: {}, b: { inputs: { a: "a" } } }, { manager: loading }), "*");
    expect(failureOf(first.events, "b")?.error).toMatchObject({
      code: "io/unavailable",
      asset: "b",
      message: expect.stringMatching(/Loading a through shelf for b failed: ECONNRESET/),
    });
    const storing = memory("shelf", {
      handleOutput: async () => {
        throw new Error("disk full");
      },
    });
    const second = await materialize(fakeProject({ a: {} }, { manager: storing }), "*");
    expect(failureOf(second.events, "a")?.error).toMatchObject({
      code: "io/unavailable",
      asset: "a",
      message: expect.stringContaining("Storing a through shelf failed: disk full"),
    });
  });

  it("passes a SluiceError on, with the asset filled in", async () => {
    const manager = memory("shelf", {
      handleOutput: async () => {
        throw new SluiceError("io/unsupported-value", "cannot", { hint: "do this" });
      },
    });
    const { events } = await materialize(fakeProject({ a: {} }, { manager }), "a");
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "io/unsupported-value", message: "cannot", hint: "do this", asset: "a" });
  });

  it("takes what the user's stream throws while it is stored for the user's error", async () => {
    async function* stream() {
      yield 1;
      throw new RangeError("half way");
    }
    const manager = memory("shelf", {
      handleOutput: async (_, value: AsyncIterable<unknown>) => {
        try {
          for await (const _ of value);
        } catch (cause) {
          throw new SluiceError("sql/failed", "the appender failed", { cause });
        }
        return { place: "x" };
      },
    });
    const { events } = await materialize(fakeProject({ a: { run: () => stream() } }, { manager }), "a");
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "run/failed", message: "half way", thrown: "RangeError" });
  });

  it("keeps the former value when storing fails", async () => {
    const fake = fakeProject({ a: { run: () => 1 } });
    await materialize(fake, "a");
    const later = fakeProject(
      {
        a: {
          run: () => {
            throw new Error("no");
          },
        },
      },
      { manager: fake.manager },
    );
    await materialize(later, "a");
    expect(fake.manager.values.get("a")?.value).toBe(1);
  });
});

describe("retries", () => {
  const flaky = (failures: number, error: () => Error = () => new Error("not yet")) => {
    let left = failures;
    return () => {
      if (left-- > 0) throw error();
      return 1;
    };
  };

  it("repeat a failed step after its delay, which grows", async () => {
    const clock = fakeClock();
    const fake = fakeProject({ a: { retry: { max: 3, delay: 100, backoff: "exponential" }, run: flaky(3) } });
    const done = materialize(fake, "a", { clock });
    for (const delay of [100, 300, 700]) {
      await clock.advance(0);
      expect(clock.waiting()).toEqual([delay]);
      await clock.advance(delay);
    }
    const { summary, events } = await done;
    expect(summary.state).toBe("succeeded");
    expect(story(events)).toEqual([
      "a started",
      "a retrying in 100",
      "a started",
      "a retrying in 300",
      "a started",
      "a retrying in 700",
      "a started",
      "a finished",
    ]);
    expect(fake.manager.values.get("a")?.record.attempt).toBe(4);
  });

  it("end with the last error when there are none left", async () => {
    const { summary, events } = await materialize(fakeProject({ a: { retry: { max: 1 }, run: flaky(9) } }), "a");
    expect(summary).toMatchObject({ state: "failed", failed: ["a"] });
    expect(failureOf(events, "a")).toMatchObject({ attempt: 2, error: { message: "not yet" } });
  });

  it("leave alone what another attempt cannot mend", async () => {
    const { events } = await materialize(
      fakeProject({ a: { retry: { max: 3 }, run: flaky(9, () => new SluiceError("io/unsupported-value", "no")) } }),
      "a",
    );
    expect(story(events)).toEqual(["a started", "a failed"]);
  });

  it("do not run a step again whose value this run has stored", async () => {
    let runs = 0;
    const base = memory("lossy");
    const manager = memory("lossy", {
      inspect: base.inspect!,
      handleOutput: async (context, value) => {
        await base.handleOutput(context, value as never);
        throw new Error("the answer was lost");
      },
    });
    const { summary, events } = await materialize(fakeProject({ a: { retry: { max: 2 }, run: () => ++runs } }, { manager }), "a");
    expect(summary.state).toBe("succeeded");
    expect(runs).toBe(1);
    expect(events.find(({ type }) => type === "materialized")).toMatchObject({ record: { runId: summary.runId, attempt: 1 } });
  });

  it("take up a run that was cut off, making only what it has not stored", async () => {
    const made: string[] = [];
    const make = (key: string) => () => made.push(key);
    const fake = fakeProject({ a: { run: make("a") }, b: { inputs: { a: "a" }, run: make("b") } });
    await materialize(fake, "a", { runId: "run-1" });
    await materialize(fake, "*", { runId: "run-1", resume: true });
    expect(made).toEqual(["a", "b"]);
  });
});

describe("stopping", () => {
  const forever = () => new Promise<never>(() => {});

  it("cancels running user code, waiting steps and resources, and keeps what was stored", async () => {
    const controller = new AbortController();
    let heard = false;
    let closed = false;
    const shop = {
      [kind]: "resource" as const,
      open: () => 1,
      close: () => {
        closed = true;
      },
    };
    const fake = fakeProject(
      {
        first: {},
        stuck: {
          deps: ["first"],
          resources: { shop: "shop" },
          run: (_, context) => {
            (context as { signal: AbortSignal }).signal.addEventListener("abort", () => {
              heard = true;
            });
            return forever();
          },
        },
        later: { deps: ["stuck"] },
      },
      { bindings: { shop } },
    );
    const { summary, events } = await materialize(fake, "*", {
      signal: controller.signal,
      emit: (event) => event.type === "step-started" && event.step === "stuck" && setImmediate(() => controller.abort()),
    });
    expect(summary).toMatchObject({ state: "cancelled", failed: [] });
    expect(story(events)).toEqual(["first started", "first finished", "stuck started", "later skipped: cancelled", "stuck skipped: cancelled"]);
    expect(events.at(-1)?.type).toBe("run-cancelled");
    expect([heard, closed, fake.manager.values.has("first")]).toEqual([true, true, true]);
  });

  it("reaches the I/O manager, and waits until it has cleaned up", async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const manager = memory("slow", {
      handleOutput: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            seen.push("told");
            setImmediate(() => {
              seen.push("clean");
              reject(new Error("aborted"));
            });
          });
          setImmediate(() => controller.abort());
        }),
    });
    const { summary } = await materialize(fakeProject({ a: {} }, { manager }), "a", { signal: controller.signal });
    expect(summary.state).toBe("cancelled");
    expect(seen).toEqual(["told", "clean"]);
  });

  it("does not wait for ever for an I/O manager that ignores it", async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const manager = memory("deaf", { handleOutput: forever });
    const done = materialize(fakeProject({ a: {} }, { manager }), "a", { signal: controller.signal, clock });
    await clock.advance(0);
    controller.abort();
    await clock.advance(10_000);
    expect((await done).summary.state).toBe("cancelled");
    expect(clock.waiting()).toEqual([]);
  });

  it("never stores what a run returns after it was cancelled", async () => {
    const controller = new AbortController();
    let finish: (value: number) => void = () => {};
    const fake = fakeProject({
      a: {
        run: () =>
          new Promise((resolve) => {
            finish = resolve;
            setImmediate(() => controller.abort());
          }),
      },
    });
    const { summary } = await materialize(fake, "a", { signal: controller.signal });
    finish(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(summary.state).toBe("cancelled");
    expect(fake.manager.calls).toEqual([]);
  });

  it("stores no further output of a step that was cancelled while it stored one", async () => {
    const controller = new AbortController();
    const inner = memory("shelf");
    const manager = memory("shelf", {
      handleOutput: async (context, value) => {
        controller.abort();
        return inner.handleOutput(context, value as never);
      },
    });
    const fake = fakeProject({ pair: { outputs: { a: {}, b: {} }, run: () => ({ a: 1, b: 2 }) } }, { manager });
    const { summary, events } = await materialize(fake, "*", { signal: controller.signal });
    expect(summary.state).toBe("cancelled");
    expect(inner.calls.length).toBeLessThan(2);
    // What was stored nonetheless is told.
    expect(events.filter(({ type }) => type === "materialized").length).toBe(inner.calls.length);
  });

  it("skips everything when it was asked for before the start", async () => {
    const { summary, events } = await materialize(sales(), "*", { signal: AbortSignal.abort() });
    expect(summary.state).toBe("cancelled");
    expect(story(events).filter((line) => line.endsWith("started"))).toEqual([]);
  });

  it("ends a step at its timeout, and may repeat it", async () => {
    const clock = fakeClock();
    const fake = fakeProject({ a: { timeout: 5000, retry: { max: 1 }, run: forever } });
    const done = materialize(fake, "a", { clock });
    await clock.advance(5000);
    await clock.advance(0);
    await clock.advance(5000);
    const { summary, events } = await done;
    expect(summary.state).toBe("failed");
    expect(story(events)).toEqual(["a started", "a retrying in 0", "a started", "a failed"]);
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "run/timeout", message: expect.stringContaining("5.0 s"), asset: "a" });
    expect(clock.waiting()).toEqual([]);
  });

  it("takes back a retry that waits", async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const done = materialize(
      fakeProject({
        a: {
          retry: { max: 5, delay: 60_000 },
          run: () => {
            throw new Error("no");
          },
        },
      }),
      "a",
      { clock, signal: controller.signal },
    );
    await clock.advance(0);
    controller.abort();
    expect((await done).summary.state).toBe("cancelled");
    expect(clock.waiting()).toEqual([]);
  });
});
