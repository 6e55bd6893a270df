import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { fakeClock, fakeProject, materialize } from "./fixture.ts";
import { type History, type HistoryOptions, openHistory } from "./history.ts";

let folder = "";
const opened: History[] = [];
const open = (options: HistoryOptions = {}) => {
  const history = openHistory(folder, options);
  opened.push(history);
  return history;
};
beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "sluice-history-")), ".sluice");
});
afterEach(() => {
  for (const history of opened.splice(0)) history.close();
  fs.rmSync(path.dirname(folder), { recursive: true, force: true });
});

const at = 1_700_000_000_000;
const queued = (runId: string, more: Partial<RunEvent> = {}): RunEvent =>
  ({ type: "run-queued", runId, at, target: "local", selection: "*", plan: [{ step: "a", assets: ["a"], after: [] }], ...more }) as RunEvent;
const finished = (runId: string, when = at + 5): RunEvent => ({ type: "run-finished", runId, at: when, ms: 5 });

describe("history", () => {
  it("remembers a run, its events, and what failed and was stored, for whoever opens it next", async () => {
    const fake = fakeProject({
      good: {},
      own: { run: () => undefined },
      bad: {
        run: () => {
          throw new Error("boom");
        },
      },
      after: { deps: ["bad"] },
    });
    const clock = fakeClock(at);
    const { summary, events } = await materialize(fake, "*", { history: open(), clock });
    const later = open();
    expect(later.runs(10)).toEqual([summary]);
    expect(summary).toMatchObject({ state: "failed", failed: ["bad"] });
    expect(later.events(summary.runId)).toEqual(events);
    expect([...later.failures("local")]).toEqual([
      ["bad", { runId: summary.runId, at, error: expect.objectContaining({ code: "run/failed", message: "boom" }) }],
    ]);
    expect([...later.materializations("local").keys()].sort()).toEqual(["good", "own"]);
    expect(later.materializations("local").get("good")).toMatchObject({ record: { handler: "reference" }, metadata: { place: "memory:good" } });
    expect(later.failures("prod").size).toBe(0);
  });

  it("forgets a failure once the asset succeeds", async () => {
    const history = open();
    let fails = true;
    const fake = fakeProject({
      a: {
        run: () => {
          if (fails) throw new Error("no");
          return 1;
        },
      },
    });
    await materialize(fake, "a", { history });
    expect([...history.failures("local").keys()]).toEqual(["a"]);
    fails = false;
    await materialize(fake, "a", { history });
    expect(history.failures("local").size).toBe(0);
  });

  it("keeps out of version control", () => {
    open();
    expect(fs.readFileSync(path.join(folder, ".gitignore"), "utf8")).toBe("*\n");
  });

  it("shows runs newest first, up to the limit", () => {
    const history = open();
    for (const i of [1, 2, 3]) history.append([queued(`run-${i}`, { at: at + i }), finished(`run-${i}`)]);
    expect(history.runs(2).map(({ runId, state, ms }) => [runId, state, ms])).toEqual([
      ["run-3", "succeeded", 5],
      ["run-2", "succeeded", 5],
    ]);
  });

  it("shows a run that goes on as running, to others too", () => {
    const writer = open();
    writer.append([queued("r"), { type: "run-started", runId: "r", at }]);
    writer.flush();
    expect(open({ now: () => at + 1000 }).runs(1)).toMatchObject([{ state: "running", assets: ["a"] }]);
    expect(open({ now: () => at + 1000 }).runs(1)[0]).not.toHaveProperty("ms");
  });

  it("shows a run whose process died as failed, once and for all", () => {
    const dead = open({ processId: "the dead one" });
    dead.append([queued("r"), { type: "run-started", runId: "r", at: at + 7 }]);
    dead.flush();
    const reader = open({ processId: "another", isAlive: () => false, now: () => at + 10 });
    expect(reader.runs(1)).toMatchObject([{ runId: "r", state: "failed", ms: 7 }]);
    expect(reader.events("r").at(-1)).toMatchObject({ type: "run-failed", error: { code: "runner/crashed" } });
    expect(
      open({ now: () => at + 20 })
        .events("r")
        .filter(({ type }) => type === "run-failed"),
    ).toHaveLength(1);
  });

  it("does not take a run of a living process for dead", () => {
    const writer = open({ processId: "elsewhere" });
    writer.append([queued("r")]);
    writer.flush();
    // The pid is this test's own, so only a file that names another pid can show it.
    const db = new DatabaseSync(path.join(folder, "history.db"));
    db.exec(`update runs set pid = ${process.pid + 1}`);
    db.close();
    const reader = (now: number, alive: boolean) => open({ processId: "reader", isAlive: () => alive, now: () => now }).runs(1)[0]?.state;
    expect(reader(at + 1000, true)).toBe("queued");
    expect(reader(at + 60 * 60_000, true)).toBe("failed");
  });

  it("drops the oldest runs beyond its bound, and the events of large ones first", () => {
    const history = open({ keepRuns: 3, keepEvents: 8 });
    const log = (runId: string, i: number): RunEvent => ({ type: "log", runId, step: "a", at: at + i, level: "info", message: "x" });
    for (let i = 1; i <= 5; i++) history.append([queued(`run-${i}`, { at: at + i }), log(`run-${i}`, i), log(`run-${i}`, i), finished(`run-${i}`)]);
    expect(history.runs(10).map(({ runId }) => runId)).toEqual(["run-5", "run-4", "run-3"]);
    expect([5, 4, 3, 1].map((i) => history.events(`run-${i}`).length)).toEqual([4, 4, 0, 0]);
  });

  it("goes on in the log of a run that is taken up again", () => {
    const history = open();
    history.append([queued("r"), finished("r")]);
    history.append([queued("r"), finished("r", at + 9)]);
    expect(history.events("r").map(({ type }) => type)).toEqual(["run-queued", "run-finished", "run-queued", "run-finished"]);
    expect(history.runs(10)).toHaveLength(1);
  });

  it("leaves a file of a newer version alone, and says so", () => {
    open().close();
    const db = new DatabaseSync(path.join(folder, "history.db"));
    db.exec("pragma user_version = 99");
    db.close();
    expect(open().problem).toContain("newer version");
  });

  it("works without a history where the file cannot be used, saying why", async () => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "history.db"), "this is no database, and it is long enough to be looked at as one".repeat(20));
    const history = open();
    expect(history.problem).toMatch(/not a database/);
    const { summary } = await materialize(fakeProject({ a: {} }), "a", { history });
    expect([summary.state, history.runs(1)]).toEqual(["succeeded", []]);
  });

  it("takes events from several processes at once without losing any", async () => {
    const writer = path.join(path.dirname(folder), "writer.mjs");
    fs.writeFileSync(
      writer,
      `import { openHistory } from ${JSON.stringify(new URL("./history.ts", import.meta.url).href)};
       const history = openHistory(process.argv[2]);
       for (let i = 0; i < 20; i++) {
         const runId = process.argv[3] + "-" + i;
         history.append([{ type: "run-queued", runId, at: 1, target: "local", selection: "*", plan: [] }]);
         for (let j = 0; j < 50; j++) history.append([{ type: "log", runId, step: "a", at: 1, level: "info", message: "m" }]);
         history.append([{ type: "run-finished", runId, at: 2, ms: 1 }]);
       }
       if (history.problem) throw new Error(history.problem);
       history.close();`,
    );
    await Promise.all(["x", "y", "z"].map((name) => promisify(execFile)(process.execPath, [writer, folder, name])));
    const history = open();
    const runs = history.runs(1000);
    expect(runs).toHaveLength(60);
    expect(runs.every(({ state, runId }) => state === "succeeded" && history.events(runId).length === 52)).toBe(true);
  });

  it("prints no warning about the engine it uses", async () => {
    const script = path.join(path.dirname(folder), "quiet.mjs");
    fs.writeFileSync(
      script,
      `import { openHistory } from ${JSON.stringify(new URL("./history.ts", import.meta.url).href)}; const h = openHistory(process.argv[2]); if (h.problem) throw new Error(h.problem); h.close();`,
    );
    const { stderr } = await promisify(execFile)(process.execPath, [script, folder]);
    expect(stderr).not.toContain("SQLite");
  });
});
