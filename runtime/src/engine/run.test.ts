import { describe, expect, it } from "vitest";
import { kind, type OutputContext } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeClock, fakeProject, materialize, memory, story } from "./fixture.ts";
import { type History, noHistory } from "./history.ts";
import { executeRun, planRun } from "./run.ts";
import type { Transport } from "./transport.ts";

const types = (events: readonly RunEvent[]) => events.map(({ type }) => type);
const failureOf = (events: readonly RunEvent[], step: string) =>
  events.find((event) => event.type === "step-failed" && event.step === step) as Extract<RunEvent, { type: "step-failed" }> | undefined;

const sales = () =>
  fakeProject({
    raw_sales: { run: () => [{ amount: 2 }, { amount: null }] },
    clean_sales: { inputs: { raw: "raw_sales" }, run: ({ raw }) => (raw as { amount: number | null }[]).map((row) => ({ amount: row.amount ?? 0 })) },
    sales_summary: { inputs: { clean: "clean_sales" }, run: ({ clean }) => (clean as { amount: number }[]).length },
  });

describe("a run", () => {
  it("loads inputs through the I/O manager, stores what run returns, and says so in order", async () => {
    const fake = sales();
    const { summary, events } = await materialize(fake, "*");
    expect(summary).toMatchObject({
      state: "succeeded",
      target: "local",
      selection: "*",
      assets: ["raw_sales", "clean_sales", "sales_summary"],
      failed: [],
    });
    expect(fake.manager.values.get("sales_summary")?.value).toBe(2);
    expect(fake.manager.calls).toEqual(["store raw_sales", "load raw_sales", "store clean_sales", "load clean_sales", "store sales_summary"]);
    expect(types(events)).toEqual([
      ...["run-queued", "run-started"],
      ...["step-started", "output-stored", "materialized", "step-finished"],
      ...["step-started", "input-loaded", "output-stored", "materialized", "step-finished"],
      ...["step-started", "input-loaded", "output-stored", "materialized", "step-finished"],
      "run-finished",
    ]);
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  it("writes the record with the value: run, step, attempt, versions of code, data and inputs, time", async () => {
    const clock = fakeClock();
    const fake = sales();
    const { summary, events } = await materialize(fake, "*", { clock });
    const record = fake.manager.values.get("clean_sales")!.record;
    const upstream = fake.manager.values.get("raw_sales")!.record;
    expect(record).toMatchObject({ version: 1, key: "clean_sales", step: "clean_sales", runId: summary.runId, attempt: 1, codeVersion: "1" });
    expect(record.inputs).toEqual({ raw_sales: upstream.dataVersion });
    expect(record.storedAt).toBe(new Date(clock.now()).toISOString());
    expect(events.find((event) => event.type === "materialized" && event.asset === "clean_sales")).toMatchObject({ record });
  });

  it("gives equal data versions to equal code on equal inputs, and a new one to whatever has no inputs", async () => {
    const fake = sales();
    const version = (key: string) => fake.manager.values.get(key)!.record.dataVersion;
    await materialize(fake, "*");
    const [raw, clean] = [version("raw_sales"), version("clean_sales")];
    await materialize(fake, "clean_sales");
    expect(version("clean_sales")).toBe(clean);
    await materialize(fake, "raw_sales or clean_sales");
    expect(version("raw_sales")).not.toBe(raw);
    expect(version("clean_sales")).not.toBe(clean);
  });

  it("takes the data version that run says", async () => {
    const fake = fakeProject({ a: { run: (_, context) => (context as { dataVersion(v: string): void }).dataVersion("etag-7") ?? 1 } });
    await materialize(fake, "*");
    expect(fake.manager.values.get("a")?.record.dataVersion).toBe("etag-7");
  });

  it("passes on log, progress and metadata, with params in place of defaults", async () => {
    const clock = fakeClock();
    const fake = fakeProject({
      a: {
        params: { limit: 10, region: "eu" },
        run: (_, context) => {
          const { log, progress, metadata, params, key, partition } = context as never as import("./step-context.ts").StepContext;
          log.info("hello");
          for (let i = 1; i <= 1000; i++) progress(i, 1000);
          metadata({ params, key, partition, big: 12345678901234567890n, at: new Date(0), fn: () => 1 });
          return 1;
        },
      },
    });
    const { events } = await materialize(fake, "a", { params: { limit: 3 }, clock });
    expect(events.filter(({ type }) => type === "log")).toMatchObject([{ step: "a", level: "info", message: "hello" }]);
    expect(events.filter(({ type }) => type === "progress")).toMatchObject([
      { done: 1, total: 1000 },
      { done: 1000, total: 1000 },
    ]);
    const stored = events.find((event) => event.type === "materialized");
    expect(stored).toMatchObject({
      metadata: { place: "memory:a", params: { limit: 3, region: "eu" }, key: "a", big: "12345678901234567890", at: "1970-01-01T00:00:00.000Z" },
    });
    expect(stored).not.toHaveProperty("metadata.fn");
  });

  it("hands the I/O manager everything the asset says about storing", async () => {
    const seen: OutputContext[] = [];
    const manager = memory("recording", {
      handleOutput: async (context: OutputContext) => {
        seen.push(context);
        return { place: "x" };
      },
    });
    const rowSchema = {} as never;
    await materialize(
      fakeProject({ a: { table: { name: "t" }, columns: { x: "decimal(18,2)" }, rowSchema, schemaChange: "error" } }, { manager }),
      "a",
    );
    expect(seen).toMatchObject([
      { key: "a", table: { name: "t" }, columns: { x: "decimal(18,2)" }, rowSchema, schemaChange: "error", write: "replace", partitions: [] },
    ]);
    expect(seen[0]?.signal.aborted).toBe(false);
  });

  it("loads an input through the I/O manager it names, with handler and columns", async () => {
    const other = memory("other");
    const handler = { [kind]: "handler", name: "arrow", accepts: () => true } as const;
    const seen: unknown[] = [];
    const reading = memory("reading", { loadInput: async (context) => seen.push(context) });
    const fake = fakeProject(
      { a: { ioManager: "other" }, b: { inputs: { plain: "a", shaped: { key: "a", ioManager: "reading", handler, columns: ["x"] } } } },
      { bindings: { other, reading } },
    );
    reading.values.set("a", { value: 1, record: {} as never });
    await materialize(fake, "*");
    expect(other.calls).toEqual(["store a", "load a"]);
    expect(seen).toMatchObject([{ key: "a", handler, columns: ["x"], partitions: [] }]);
  });

  it("keeps to the limits of pools and I/O managers", async () => {
    const most = async (more: Parameters<typeof materialize>[2], spec: object = {}, concurrency?: number) => {
      let running = 0;
      let peak = 0;
      const run = async () => {
        peak = Math.max(peak, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        return running--;
      };
      const list = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`a${i}`, { ...spec, run }]));
      const manager = memory("few", concurrency === undefined ? {} : { concurrency });
      await materialize(fakeProject(list, { manager }), "*", more);
      return peak;
    };
    expect(await most({})).toBe(4);
    expect(await most({ concurrency: 7 })).toBe(7);
    expect(await most({}, { pool: "api" })).toBe(1);
    expect(await most({ pools: { api: 3 } }, { pool: "api" })).toBe(3);
    expect(await most({}, {}, 2)).toBe(2);
    expect(await most({ ioManagers: { ioManager: 3 } }, {}, 2)).toBe(3);
  });

  it("fails on a protected target unless it is confirmed, before anything runs", async () => {
    const fake = fakeProject({ a: {} }, { target: { protected: true } });
    await expect(materialize(fake, "a")).rejects.toMatchObject({ code: "io/permission", message: expect.stringContaining("protected") });
    expect(fake.manager.calls).toEqual([]);
    expect((await materialize(fake, "a", { confirmed: true })).summary.state).toBe("succeeded");
  });

  it("refuses a transport that reaches further than an I/O manager", async () => {
    const fake = fakeProject({ a: {} }, { manager: memory("ram", { reach: "process" }) });
    const plan = await planRun({ ...fake, selection: "a" });
    const transport = { reach: "machine" } as Transport;
    await expect(executeRun({ ...fake, plan, transport })).rejects.toMatchObject({ code: "config/invalid", asset: "a" });
  });
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

describe("a step without a value", () => {
  it("that stores its value itself calls no I/O manager, and is recorded", async () => {
    const fake = fakeProject({ own: { run: () => undefined }, after: { deps: ["own"], run: () => 1 } });
    const { summary, events } = await materialize(fake, "*");
    expect(summary.state).toBe("succeeded");
    expect(fake.manager.calls).toEqual(["store after"]);
    const own = events.find((event) => event.type === "materialized" && event.asset === "own") as Extract<RunEvent, { type: "materialized" }>;
    expect(own.record).toMatchObject({ key: "own", handler: "none" });
    expect(fake.manager.values.get("after")?.record.inputs).toEqual({ own: own.record.dataVersion });
  });

  it("is run/no-value when somebody takes it as an input", async () => {
    const { events, summary } = await materialize(fakeProject({ a: { run: () => undefined }, b: { inputs: { a: "a" } } }), "a");
    expect(summary.state).toBe("failed");
    expect(failureOf(events, "a")?.error).toMatchObject({
      code: "run/no-value",
      asset: "a",
      message: expect.stringContaining("b takes it as an input"),
    });
  });

  it("is run/no-value when an I/O manager stored its value before, and leaves that value", async () => {
    const before = fakeProject({ a: { run: () => 1 } });
    await materialize(before, "a");
    const { events } = await materialize(fakeProject({ a: { run: () => undefined } }, { manager: before.manager }), "a");
    expect(failureOf(events, "a")?.error).toMatchObject({ code: "run/no-value", message: expect.stringContaining("stored its value before") });
    expect(before.manager.values.get("a")?.value).toBe(1);
  });

  it("is run/no-value by the history, where the store cannot say what it holds", async () => {
    const { inspect: _, ...mute } = memory("mute");
    const record = { handler: "rows" };
    const history = { ...noHistory(), materializations: () => new Map([["a", { at: 0, record }]]) } as unknown as History;
    const { events } = await materialize(fakeProject({ a: { run: () => undefined } }, { manager: mute }), "a", { history });
    expect(failureOf(events, "a")?.error.code).toBe("run/no-value");
  });

  it("does not mistake a table that something else wrote for its own former value", async () => {
    const manager = memory("shelf", { inspect: async () => ({}) });
    expect((await materialize(fakeProject({ a: { run: () => undefined } }, { manager }), "a")).summary.state).toBe("succeeded");
  });
});

describe("assets that share a place", () => {
  const place = () => "one place";
  const shop = { [kind]: "resource" as const, open: () => 1 };
  /** One slot for all keys, as a table that two assets name. */
  const slot = () => {
    const inner = memory("slot");
    return memory("slot", {
      place,
      inspect: async () => inner.values.get("x")?.record,
      handleOutput: async (context, value) => {
        await inner.handleOutput({ ...context, key: "x" }, value as never);
        inner.values.set("x", { value, record: { ...context.record, handler: "reference" } });
        return { place: "x" };
      },
    });
  };

  it("may, when one of them stores its value itself", async () => {
    const fake = fakeProject({ stored: {}, own: { resources: { shop: "shop" }, run: () => undefined } }, { manager: slot(), bindings: { shop } });
    for (const _ of [1, 2]) expect((await materialize(fake, "*")).summary.state).toBe("succeeded");
  });

  it("never overwrite each other", async () => {
    const fake = fakeProject({ one: { resources: { shop: "shop" } }, two: { resources: { shop: "shop" } } }, { manager: slot(), bindings: { shop } });
    const { summary, events } = await materialize(fake, "*", { concurrency: 1 });
    expect(summary.failed).toEqual(["two"]);
    expect(failureOf(events, "two")?.error).toMatchObject({ code: "graph/storage-collision", message: expect.stringContaining("two and one") });
  });
});

describe("a step with several outputs", () => {
  const split = { good: {}, bad: { optional: true } };

  it("stores each under its own key, from one call of run", async () => {
    let calls = 0;
    const fake = fakeProject({ split: { outputs: split, run: () => ({ good: ++calls, bad: 2 }) }, after: { inputs: { bad: "split/bad" } } });
    const { plan, summary } = await materialize(fake, "*");
    expect(plan.steps.map(({ step, assets }) => [step, assets])).toEqual([
      ["split", ["split/good", "split/bad"]],
      ["after", ["after"]],
    ]);
    expect(summary.assets).toEqual(["split/good", "split/bad", "after"]);
    expect([fake.manager.values.get("split/good")?.value, fake.manager.values.get("split/bad")?.value]).toEqual([1, 2]);
  });

  it("keeps the former value of an optional output left out, and skips what is downstream of it", async () => {
    const list = (values: unknown) => ({
      split: { outputs: split, run: () => values },
      after: { inputs: { bad: "split/bad" } },
      beside: { inputs: { good: "split/good" } },
      last: { deps: ["after"] },
    });
    const fake = fakeProject(list({ good: 1, bad: 2 }));
    await materialize(fake, "*");
    const { summary, events } = await materialize(fakeProject(list({ good: 3 }), { manager: fake.manager }), "*", { concurrency: 1 });
    expect(summary.state).toBe("succeeded");
    expect(story(events)).toEqual([
      "split started",
      "split finished",
      "after skipped: upstream-skipped (split/bad)",
      "last skipped: upstream-skipped (split/bad)",
      "beside started",
      "beside finished",
    ]);
    expect(fake.manager.values.get("split/bad")?.value).toBe(2);
    expect(fake.manager.values.get("beside")?.record.inputs).toEqual({ "split/good": fake.manager.values.get("split/good")?.record.dataVersion });
  });

  it("refuses a value under a name it does not declare, and anything that is no object", async () => {
    const run = async (value: unknown) =>
      failureOf((await materialize(fakeProject({ split: { outputs: split, run: () => value } }), "*")).events, "split")?.error;
    expect(await run({ good: 1, other: 2 })).toMatchObject({ code: "run/failed", message: expect.stringContaining('"other"') });
    expect(await run(5)).toMatchObject({ code: "run/no-value", hint: expect.stringContaining("good, bad") });
  });

  it("asks a step that allows subsets for the selected outputs only", async () => {
    const asked: unknown[] = [];
    const run = (_: unknown, context: unknown) => {
      asked.push([...(context as { selected: Set<string> }).selected]);
      return { good: 1, bad: 2 };
    };
    const fake = fakeProject({ some: { outputs: split, subset: true, run }, all: { outputs: split, run } });
    await materialize(fake, '"some/bad" or "all/bad"');
    expect(asked).toEqual([["bad"], ["good", "bad"]]);
    expect([...fake.manager.values.keys()].sort()).toEqual(["all/bad", "all/good", "some/bad"]);
  });
});

describe("resources", () => {
  const log: string[] = [];
  const resource = (name: string, more: object = {}) => ({
    [kind]: "resource" as const,
    open: () => {
      log.push(`open ${name}`);
      return name;
    },
    close: () => {
      log.push(`close ${name}`);
    },
    ...more,
  });
  const run = (_: unknown, context: unknown) => {
    log.push(`use ${Object.values((context as { resources: object }).resources).join()}`);
    return 1;
  };
  const start = (list: Parameters<typeof fakeProject>[0], bindings: object) => {
    log.length = 0;
    return fakeProject(list, { bindings: bindings as never });
  };

  it("open once per run, on first use, and close after it, last opened first", async () => {
    const fake = start(
      { a: { resources: { x: "one" }, run }, b: { deps: ["a"], resources: { x: "one", y: "two" }, run } },
      { one: resource("1"), two: resource("2"), unused: resource("3") },
    );
    await materialize(fake, "*");
    expect(log).toEqual(["open 1", "use 1", "open 2", "use 1,2", "close 2", "close 1"]);
  });

  it("close after a failure too", async () => {
    const fake = start(
      {
        a: {
          resources: { x: "one" },
          run: () => {
            throw new Error("no");
          },
        },
      },
      { one: resource("1") },
    );
    expect((await materialize(fake, "*")).summary.state).toBe("failed");
    expect(log).toEqual(["open 1", "close 1"]);
  });

  it("that do not open fail the step; that do not close fail the run", async () => {
    const shut = start(
      { a: { resources: { x: "one" }, run } },
      {
        one: resource("1", {
          open: () => {
            throw new Error("no shop");
          },
        }),
      },
    );
    expect(failureOf((await materialize(shut, "*")).events, "a")?.error).toMatchObject({
      code: "run/failed",
      message: 'The resource "one" could not be opened: no shop',
    });
    const stuck = start(
      { a: { resources: { x: "one" }, run } },
      {
        one: resource("1", {
          close: () => {
            throw new Error("jammed");
          },
        }),
      },
    );
    const { summary, events } = await materialize(stuck, "*");
    expect(summary.state).toBe("failed");
    expect(events.at(-1)).toMatchObject({ type: "run-failed", error: { message: 'The resource "one" did not close: jammed' } });
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
