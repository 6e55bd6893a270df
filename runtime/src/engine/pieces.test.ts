import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readyQueue } from "./limits.ts";
import { plain } from "./plain.ts";
import { asOneError, problemsOf } from "./problems.ts";
import { retryDelay } from "./retry.ts";
import { tracked } from "./streams.ts";
import { stackLinePlace, userPlace } from "./user-place.ts";
import { dataVersion } from "./versions.ts";

describe("readyQueue", () => {
  it("lets nobody wait who has a place everywhere, and the first in the plan go first", () => {
    const names = ["p", "q", "r"];
    fc.assert(
      fc.property(
        fc.array(fc.subarray(names), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 2 }),
        (needs, choices, size) => {
          const queue = readyQueue(() => size);
          const waiting = new Set(needs.keys());
          const running: number[] = [];
          for (const [i, limits] of needs.entries()) queue.add(i, limits);
          const free = (name: string) => size - running.filter((i) => needs[i]!.includes(name)).length;
          const drain = () => {
            for (;;) {
              const possible = [...waiting].filter((i) => needs[i]!.every((name) => free(name) > 0));
              const taken = queue.take();
              if (taken === undefined) {
                expect(possible).toEqual([]);
                return;
              }
              expect(possible).toContain(taken);
              waiting.delete(taken);
              running.push(taken);
            }
          };
          drain();
          for (const choice of choices) {
            const [done] = running.splice(choice % Math.max(1, running.length), 1);
            if (done === undefined) break;
            queue.release(done);
            drain();
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives back nothing after clear", () => {
    const queue = readyQueue(() => 1);
    for (const i of [3, 1, 2]) queue.add(i, ["p"]);
    expect(queue.take()).toBe(1);
    expect(queue.take()).toBeUndefined();
    queue.clear();
    queue.release(1);
    expect(queue.take()).toBeUndefined();
  });
});

describe("retryDelay", () => {
  const delays = (policy: Parameters<typeof retryDelay>[0]) => [1, 2, 3, 4].map((attempt) => retryDelay(policy, attempt, "run/failed", () => 0.5));
  it("grows as the policy says", () => {
    expect(delays({ max: 3, delay: 100 })).toEqual([100, 100, 100, undefined]);
    expect(delays({ max: 3, delay: 100, backoff: "linear" })).toEqual([100, 200, 300, undefined]);
    expect(delays({ max: 3, delay: 100, backoff: "exponential" })).toEqual([100, 300, 700, undefined]);
    expect(delays({ max: 3, delay: 100, backoff: "linear", jitter: true })).toEqual([50, 100, 150, undefined]);
    expect(delays({ max: 1 })).toEqual([0, undefined, undefined, undefined]);
    expect(delays(undefined)).toEqual([undefined, undefined, undefined, undefined]);
  });
  it.each(["io/not-found", "run/no-value", "config/missing-env", "run/cancelled"] as const)("never repeats %s", (code) => {
    expect(retryDelay({ max: 3 }, 1, code, () => 0)).toBeUndefined();
  });
});

describe("places in stacks", () => {
  it.each([
    ["    at run (file:///p/a.ts:1:2)", { file: "/p/a.ts", line: 1, column: 2 }],
    ["    at async Object.run (file:///p/a.ts?v=12:10:3)", { file: "/p/a.ts", line: 10, column: 3 }],
    ["    at /p/with%20space/a.ts:1:2", { file: "/p/with%20space/a.ts", line: 1, column: 2 }],
    ["    at file:///p/with%20space/a.ts:1:2", { file: "/p/with space/a.ts", line: 1, column: 2 }],
    ["    at node:internal/process/task_queues:95:5", undefined],
    ["    at Promise.all (index 0)", undefined],
  ])("%s", (line, place) => expect(stackLinePlace(line)).toEqual(place));

  it("ignores files outside the project, its packages and its .sluice folder", () => {
    const stack = [
      "Error: /p/a.ts:9:9",
      "    at /other/a.ts:1:1",
      "    at /p/node_modules/x/i.js:2:2",
      "    at /p/.sluice/cache/a.js:3:3",
      "    at /pp/a.ts:4:4",
      "    at /p/a.ts:5:5",
    ].join("\n");
    expect(userPlace({ stack }, "/p")).toEqual({ file: "/p/a.ts", line: 5, column: 5 });
    expect(userPlace("text", "/p")).toBeUndefined();
  });
});

describe("tracked streams", () => {
  it("pass everything through, and know what the stream threw", async () => {
    const source = Object.freeze({
      schema: () => "columns",
      async *[Symbol.asyncIterator]() {
        yield 1;
        throw new Error("mine");
      },
    });
    const { value, failure } = tracked(source);
    const stream = value as typeof source;
    expect([stream.schema(), "schema" in stream]).toEqual(["columns", true]);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const each of stream) seen.push(each);
      })(),
    ).rejects.toThrow("mine");
    expect(seen).toEqual([1]);
    expect(failure()?.thrown).toMatchObject({ message: "mine" });
  });

  it("let a reader stop early, and the generator clean up", async () => {
    let cleaned = false;
    async function* source() {
      try {
        yield 1;
        yield 2;
      } finally {
        cleaned = true;
      }
    }
    for await (const _ of tracked(source()).value as AsyncIterable<number>) break;
    expect(cleaned).toBe(true);
  });

  it.each([[[1, 2]], [{ a: 1 }], [null], ["text"]])("leave %j as it is", (value) => expect(tracked(value).value).toBe(value));
});

describe("dataVersion", () => {
  const base = { runId: "r", step: "s", codeVersion: "1", upstream: ["a", "b"], versions: { a: "1", b: "2" } };
  it("depends on the code and on every upstream version, in whatever order they are named", () => {
    expect(dataVersion({ ...base, upstream: ["b", "a"], runId: "other" })).toBe(dataVersion(base));
    const others = [{ codeVersion: "2" }, { versions: { a: "1", b: "3" } }, { versions: { a: "2", b: "1" } }, { upstream: ["a"] }];
    expect(new Set([base, ...others.map((more) => ({ ...base, ...more }))].map(dataVersion)).size).toBe(5);
  });
  it("is new each time where nothing can be compared", () => {
    for (const more of [{ upstream: [] }, { codeVersion: undefined }, { versions: { a: "1" } }]) {
      expect(dataVersion({ ...base, ...more })).not.toBe(dataVersion({ ...base, ...more, runId: "other" }));
    }
  });
});

describe("plain metadata", () => {
  it("is data that JSON and structured clone both keep", () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle["self"] = cycle;
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true, withTypedArray: true }), (value) => {
        const kept = plain({ value });
        expect(structuredClone(kept)).toEqual(kept);
        expect(JSON.parse(JSON.stringify(kept))).toEqual(JSON.parse(JSON.stringify(structuredClone(kept))));
      }),
    );
    expect(() => JSON.stringify(plain(cycle))).not.toThrow();
  });
});

describe("several problems", () => {
  it("become one error and come apart again", () => {
    const found = [
      { code: "io/not-found", message: "a is gone", hint: "do x" },
      { code: "config/missing-env", message: "B is not set", hint: "do x", asset: "b" },
    ] as const;
    const error = asOneError(found);
    expect([error.code, error.message, error.hint]).toEqual(["io/not-found", "a is gone\nB is not set", "do x"]);
    expect(problemsOf(error)).toMatchObject(found);
    expect(problemsOf(asOneError([found[1]]))).toMatchObject([found[1]]);
    expect(problemsOf(new Error("other"))).toMatchObject([{ code: "run/failed", message: "other" }]);
  });
});
