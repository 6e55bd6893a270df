import { describe, expect, it } from "vitest";
import { z } from "zod";
import { kind, type OutputContext } from "../io/manager.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeClock, fakeProject, materialize, memory } from "./fixture.ts";
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
    const rowSchema = z.object({ x: z.string() });
    await materialize(
      fakeProject(
        { a: { table: { name: "t" }, columns: { x: "decimal(18,2)" }, rowSchema, schemaChange: "error", run: () => [{ x: "1.20" }] } },
        { manager },
      ),
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
