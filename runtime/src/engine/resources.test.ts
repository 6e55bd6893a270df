import { describe, expect, it } from "vitest";
import { kind } from "../io/manager.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeClock, fakeProject, materialize, memory } from "./fixture.ts";

/** Resources that write down when they open and close. */
function shelf() {
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
  const use = (_: unknown, context: unknown) => {
    log.push(`use ${Object.values((context as { resources: object }).resources).join()}`);
    return 1;
  };
  return { log, resource, use };
}
const throwing = (message: string) => () => {
  throw new Error(message);
};
const errorOf = (events: readonly RunEvent[], step: string) =>
  (events.find((event) => event.type === "step-failed" && event.step === step) as Extract<RunEvent, { type: "step-failed" }> | undefined)?.error;

describe("the resources of a run", () => {
  it("are opened once for all steps that share them, also at the same time, and not at all for steps that are skipped", async () => {
    const { log, resource, use } = shelf();
    const list = {
      a: { resources: { x: "one" }, run: use },
      b: { resources: { x: "one" }, run: use },
      c: { deps: ["bad"], resources: { y: "two" }, run: use },
      bad: { run: throwing("no") },
    };
    const { summary } = await materialize(fakeProject(list, { bindings: { one: resource("1"), two: resource("2") } }), "*", { concurrency: 4 });
    expect(summary.state).toBe("failed");
    expect(log).toEqual(["open 1", "use 1", "use 1", "close 1"]);
    await materialize(fakeProject(list, { bindings: { one: resource("1"), two: resource("2") } }), "bad");
    expect(log).toHaveLength(4);
  });

  it("stay open until the store has taken the last of a stream that uses them", async () => {
    const { log, resource } = shelf();
    const manager = memory("slow", {
      handleOutput: async (_, value) => {
        for await (const each of value as AsyncIterable<number>) log.push(`stored ${each}`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push("committed");
        return { place: "x" };
      },
    });
    async function* pages() {
      for (const page of [1, 2]) {
        log.push(`read ${page}`);
        yield page;
      }
    }
    const fake = fakeProject({ a: { resources: { x: "one" }, run: pages } }, { manager, bindings: { one: resource("1") } });
    expect((await materialize(fake, "*")).summary.state).toBe("succeeded");
    expect(log).toEqual(["open 1", "read 1", "stored 1", "read 2", "stored 2", "committed", "close 1"]);
  });

  it("are closed when another one does not open, whose step fails and says so", async () => {
    const { log, resource, use } = shelf();
    const bindings = { one: resource("1"), shut: resource("shut", { open: throwing("no shop") }) };
    const { summary, events } = await materialize(fakeProject({ a: { resources: { x: "one", y: "shut" }, run: use } }, { bindings }), "*");
    expect(summary).toMatchObject({ state: "failed", failed: ["a"] });
    expect(errorOf(events, "a")).toMatchObject({ code: "run/failed", message: 'The resource "shut" could not be opened: no shop' });
    expect(log).toEqual(["open 1", "close 1"]);
  });

  it("are tried again by the next step after they did not open, whether they threw at once or later", async () => {
    for (const fails of [throwing("closed on Sundays"), async () => throwing("closed on Sundays")()]) {
      const { log, resource, use } = shelf();
      let tries = 0;
      const one = resource("1", { open: () => (++tries === 1 ? fails() : "1") });
      const list = { a: { resources: { x: "one" }, run: use }, b: { resources: { x: "one" }, run: use } };
      const { summary } = await materialize(fakeProject(list, { bindings: { one } }), "*", { concurrency: 1 });
      expect(summary.failed).toEqual(["a"]);
      expect(log).toEqual(["use 1", "close 1"]);
    }
  });

  it("are all closed although some throw while they do, and the run says which, whatever its steps say", async () => {
    const { log, resource, use } = shelf();
    const bindings = {
      one: resource("1", { close: throwing("jammed") }),
      two: resource("2"),
      three: resource("3", { close: async () => throwing("stuck")() }),
    };
    const list = { a: { resources: { x: "one", y: "two", z: "three" }, run: use } };
    const fake = fakeProject(list, { bindings });
    const { summary, events } = await materialize(fake, "*");
    expect(summary).toMatchObject({ state: "failed", failed: [] });
    expect(events.at(-1)).toMatchObject({
      type: "run-failed",
      error: { code: "run/failed", message: 'The resource "three" did not close: stuck\nThe resource "one" did not close: jammed' },
    });
    expect(log).toEqual(["open 1", "open 2", "open 3", "use 1,2,3", "close 2"]);
    expect(fake.manager.values.has("a")).toBe(true);
  });

  it("are closed on cancel, and one that does not close is told of then too", async () => {
    const { log, resource } = shelf();
    const controller = new AbortController();
    const run = async () => {
      controller.abort();
      return new Promise<never>(() => {});
    };
    const bindings = { one: resource("1"), two: resource("2", { close: throwing("jammed") }) };
    const fake = fakeProject({ a: { resources: { x: "one", y: "two" }, run } }, { bindings });
    const { summary, events } = await materialize(fake, "*", { signal: controller.signal });
    expect(summary.state).toBe("cancelled");
    expect(log).toEqual(["open 1", "open 2", "close 1"]);
    expect(events.at(-1)).toMatchObject({ type: "run-cancelled", error: { message: 'The resource "two" did not close: jammed' } });
  });

  it("that never open do not hold up a cancelled run, and are closed should they open after all", async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const { log, resource, use } = shelf();
    let open: (value: string) => void = () => {};
    const one = resource("1", {
      open: () =>
        new Promise<string>((resolve) => {
          open = resolve;
        }),
    });
    const fake = fakeProject({ a: { resources: { x: "one" }, run: use } }, { bindings: { one } });
    const done = materialize(fake, "*", { signal: controller.signal, clock });
    await clock.advance(0);
    controller.abort();
    await clock.advance(10_000);
    expect((await done).summary.state).toBe("cancelled");
    expect(log).toEqual([]);
    open("late");
    await clock.advance(0);
    expect(log).toEqual(["close 1"]);
  });

  it("that never close do not hold up a run for ever", async () => {
    const clock = fakeClock();
    const { resource, use } = shelf();
    const one = resource("1", { close: () => new Promise(() => {}) });
    const done = materialize(fakeProject({ a: { resources: { x: "one" }, run: use } }, { bindings: { one } }), "*", { clock });
    await clock.advance(0);
    await clock.advance(30_000);
    const { summary, events } = await done;
    expect(summary.state).toBe("failed");
    expect(events.at(-1)).toMatchObject({ error: { message: 'The resource "one" did not close: it takes longer than 30 s' } });
  });
});
