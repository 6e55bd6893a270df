import { describe, expect, it } from "vitest";
import { z } from "zod";
import { kind } from "../io/manager.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeProject, materialize, memory, story } from "./fixture.ts";
import { type History, noHistory } from "./history.ts";

const failureOf = (events: readonly RunEvent[], step: string) =>
  events.find((event) => event.type === "step-failed" && event.step === step) as Extract<RunEvent, { type: "step-failed" }> | undefined;

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
    expect(await run({ good: 1, other: 2 })).toMatchObject({
      code: "run/failed",
      message: 'split returned "other", which it does not declare in outputs.',
    });
    expect(await run(5)).toMatchObject({
      code: "run/no-value",
      message: "split returned a number where it should return an object of its outputs.",
      hint: "Return { good, bad }.",
    });
    expect(await run(null)).toMatchObject({ code: "run/no-value", message: expect.stringContaining("split returned null where") });
    expect(await run([1])).toMatchObject({ code: "run/failed", message: 'split returned "0", which it does not declare in outputs.' });
  });

  it("stores nothing at all when a required output is left out that somebody takes, or that was stored before", async () => {
    const list = (values: unknown) => ({ split: { outputs: { good: {}, bad: {} }, run: () => values }, after: { inputs: { bad: "split/bad" } } });
    const fake = fakeProject(list({ good: 1 }));
    const taken = failureOf((await materialize(fake, "*")).events, "split")?.error;
    expect(taken).toMatchObject({
      code: "run/no-value",
      asset: "split/bad",
      message: "split returned nothing for split/bad, but after takes it as an input.",
      hint: expect.stringContaining("output({ optional: true })"),
    });
    expect(fake.manager.calls.filter((call) => call.startsWith("store"))).toEqual([]);

    await materialize(fakeProject(list({ good: 1, bad: 2 }), { manager: fake.manager }), "*");
    const alone = fakeProject({ split: { outputs: { good: {}, bad: {} }, run: () => ({ good: 3 }) } }, { manager: fake.manager });
    expect(failureOf((await materialize(alone, "*")).events, "split")?.error).toMatchObject({
      code: "run/no-value",
      message: "split returned nothing for split/bad, but an I/O manager stored its value before.",
    });
    expect(fake.manager.values.get("split/good")?.value).toBe(1);
  });

  it("asks a step that allows subsets for the selected outputs only, and stores only those", async () => {
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

  it("calls a step once for a subset, leaves the others as they are, and takes the one that was asked for and is missing for a mistake", async () => {
    const shape = { good: {}, bad: {} };
    const list = (values: unknown) => ({ some: { outputs: shape, subset: true, run: () => values }, after: { inputs: { bad: "some/bad" } } });
    const fake = fakeProject(list({ good: 1, bad: 2 }));
    await materialize(fake, "*");
    const again = await materialize(fakeProject(list({ bad: 3 }), { manager: fake.manager }), '"some/bad" or after');
    expect(again.summary.state).toBe("succeeded");
    expect(again.plan.steps.map(({ assets }) => assets)).toEqual([["some/bad"], ["after"]]);
    expect([fake.manager.values.get("some/good")?.value, fake.manager.values.get("some/bad")?.value]).toEqual([1, 3]);
    const { summary, events } = await materialize(fakeProject(list({ good: 4 }), { manager: fake.manager }), '"some/bad"');
    expect(summary.failed).toEqual(["some/bad"]);
    expect(failureOf(events, "some")?.error.message).toBe("some returned nothing for some/bad, but after takes it as an input.");
    expect(fake.manager.values.get("some/good")?.value).toBe(1);
  });

  it("may store a subset by itself", async () => {
    const fake = fakeProject({ models: { outputs: { a: {}, b: {} }, subset: true, run: () => undefined }, after: { deps: ["models/a"] } });
    const { summary, events } = await materialize(fake, '"models/a" or after');
    expect(summary.state).toBe("succeeded");
    expect(events.flatMap((event) => (event.type === "materialized" ? [[event.asset, event.record.handler]] : []))).toEqual([
      ["models/a", "none"],
      ["after", "reference"],
    ]);
  });

  it("uses the I/O manager of each output, and everything each says about storing", async () => {
    const seen: unknown[] = [];
    const shelf = (name: string) =>
      memory(name, {
        handleOutput: async ({ key, write, schemaChange, columns, table, rowSchema }) => {
          seen.push({ name, key, write, schemaChange, columns, table, rowSchema });
          return { place: name };
        },
      });
    const rowSchema = z.object({ n: z.number() });
    const own = { ioManager: "other", write: "append", schemaChange: "error", columns: { n: "bigint" }, table: { name: "t" }, rowSchema } as const;
    const fake = fakeProject(
      { split: { outputs: { a: own, b: {} }, run: () => ({ a: [{ n: 1 }], b: 2 }) } },
      { manager: shelf("one"), bindings: { other: shelf("two") } },
    );
    expect((await materialize(fake, "*")).summary.state).toBe("succeeded");
    expect(seen).toEqual([
      { name: "two", key: "split/a", write: "append", schemaChange: "error", columns: { n: "bigint" }, table: { name: "t" }, rowSchema },
      { name: "one", key: "split/b", write: "replace", schemaChange: "evolve", columns: undefined, table: undefined, rowSchema: undefined },
    ]);
  });
});
