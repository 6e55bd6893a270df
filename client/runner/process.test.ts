import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runnerEnvironment } from "./environment.ts";
import { keepLastLines } from "./last-lines.ts";
import { type RunnerExit, type RunnerProcess, startRunnerProcess } from "./process.ts";
import { createRunner } from "./runner.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "sluice-client-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A runner that answers "status" with what it was given, refuses "cancel", and dies of "release". */
const entry = join(root, "runner.mjs");
writeFileSync(
  entry,
  `
  const launch = JSON.parse(process.argv[2]);
  const facts = { launch, cwd: process.cwd(), execArgv: process.execArgv, environment: Object.keys(process.env) };
  process.on("disconnect", () => process.exit(0));
  process.on("message", ({ id, name, params, withdraw }) => {
    if (withdraw !== undefined) return process.send({ type: "refusal", id: withdraw, error: { code: "run/cancelled", message: "withdrawn" } });
    if (name === "runs" || name === "materialize") return;
    if (name === "manifest") return process.send({ type: "answer", id, result: facts });
    if (name === "status") {
      process.send({ type: "event", event: { type: "run-started", runId: "r", at: 1 } });
      return process.send({ type: "answer", id, result: { params, bytes: new Uint8Array([1, 2]) } });
    }
    if (name === "cancel") return process.send({ type: "refusal", id, error: { code: "io/locked", message: "held", hint: "close it" } });
    if (name === "release") { process.stderr.write("first line\\nlast words\\n", () => process.exit(3)); }
  });
  process.send({ type: "ready", node: process.versions.node, protocol: 1 });
  `,
);

const base = () => {
  const events: unknown[] = [];
  const exits: (readonly [RunnerExit, boolean])[] = [];
  const options = {
    entry,
    launch: { root, embedded: { sluice: "/ext/sluice.mjs" } },
    environment: { ...process.env, VSCODE_CWD: "/x", NODE_OPTIONS: "--no-warnings", ELECTRON_RUN_AS_NODE: "1" },
    permit: () => undefined,
    onReady: () => undefined,
    onEvent: (event: unknown) => events.push(event),
    onLog: () => undefined,
    onExit: (exit: RunnerExit, expected: boolean) => exits.push([exit, expected]),
  };
  return { events, exits, options };
};

describe("the process that runs a project's code", () => {
  it("does not start where it is not permitted", () => {
    const { options, exits } = base();
    const permit = () => {
      throw new Error("Restricted Mode");
    };
    expect(() => startRunnerProcess({ ...options, permit })).toThrow("Restricted Mode");
    expect(exits).toEqual([]);
  });

  it("starts in the project's folder, with none of the editor's own environment", async () => {
    const child = startRunnerProcess(base().options);
    const facts = (await child.call("manifest", {})) as unknown as { launch: unknown; cwd: string; execArgv: string[]; environment: string[] };
    await child.stop();
    expect(facts).toMatchObject({ launch: { root, embedded: { sluice: "/ext/sluice.mjs" } }, cwd: root, execArgv: [] });
    expect(facts.environment).toContain("ELECTRON_RUN_AS_NODE");
    expect(facts.environment.filter((name) => name.startsWith("VSCODE_") || name === "NODE_OPTIONS")).toEqual([]);
  });

  it("answers by id, keeps bytes bytes, and sends events before the answer", async () => {
    const { options, events } = base();
    const child = startRunnerProcess(options);
    const [one, two] = (await Promise.all([child.call("status", { target: "a" }), child.call("status", { target: "b" })])) as unknown[];
    await child.stop();
    expect(one).toEqual({ params: { target: "a" }, bytes: new Uint8Array([1, 2]) });
    expect(two).toMatchObject({ params: { target: "b" } });
    expect(events).toHaveLength(2);
  });

  it("rejects with the runner's own error", async () => {
    const child = startRunnerProcess(base().options);
    await expect(child.call("cancel", { runId: "r" })).rejects.toMatchObject({ code: "io/locked", message: "held", hint: "close it" });
    await child.stop();
  });

  it("is told that an answer is not wanted any more, and then refuses the call", async () => {
    const child = startRunnerProcess(base().options);
    const controller = new AbortController();
    const waiting = child.call("runs", { limit: 1 }, controller.signal);
    // Calls go in order: this answer says that the other call is there.
    await child.call("manifest", {});
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "run/cancelled", message: "withdrawn" });
    await expect(child.call("runs", { limit: 1 }, controller.signal)).rejects.toMatchObject({ code: "run/cancelled" });
    await child.stop();
  });

  it("rejects every call that waits when it dies, with its last words", async () => {
    const { options, exits } = base();
    const child = startRunnerProcess(options);
    const waiting = child.call("runs", { limit: 1 });
    const fatal = child.call("release", {});
    await expect(waiting).rejects.toMatchObject({ code: "runner/crashed", message: expect.stringContaining("last words") });
    await expect(fatal).rejects.toMatchObject({ code: "runner/crashed" });
    expect(exits).toEqual([[{ code: 3, signal: null, lastLines: ["first line", "last words"] }, false]]);
    await expect(child.call("manifest", {})).rejects.toMatchObject({ code: "runner/crashed" });
  });

  it("ends a process that has hung up: it would never answer", async () => {
    const deaf = join(root, "deaf.mjs");
    writeFileSync(deaf, `process.send({ type: "ready", node: "", protocol: 1 }, () => process.disconnect()); setInterval(() => {}, 1000);`);
    const { options } = base();
    const child = startRunnerProcess({ ...options, entry: deaf });
    await expect(child.call("manifest", {})).rejects.toMatchObject({ code: "runner/crashed" });
  });

  it("reports a runner that is not there", async () => {
    const { options, exits } = base();
    const child = startRunnerProcess({ ...options, entry: join(root, "missing.mjs") });
    await expect(child.call("manifest", {})).rejects.toMatchObject({ code: "runner/crashed" });
    expect(exits[0]?.[0].lastLines.join("\n")).toContain("missing.mjs");
  });

  it("ends when it is asked to, and says that this was meant", async () => {
    const { options, exits } = base();
    const child = startRunnerProcess(options);
    await child.call("manifest", {});
    await child.stop();
    expect(exits).toMatchObject([[{ code: 0 }, true]]);
  });

  it("is killed when it does not end by itself", async () => {
    const stuck = join(root, "stuck.mjs");
    writeFileSync(stuck, `process.send({ type: "ready", node: "", protocol: 1 }); process.on("disconnect", () => {}); setInterval(() => {}, 1000);`);
    const { options, exits } = base();
    const child = await new Promise<RunnerProcess>((resolve) => {
      const started = startRunnerProcess({ ...options, entry: stuck, onReady: () => resolve(started) });
    });
    await child.stop(50);
    expect(exits).toMatchObject([[{ signal: "SIGKILL" }, true]]);
  });
});

describe("a project's runner", () => {
  it("starts again with the next call after a crash", async () => {
    const states: string[] = [];
    const crashes: RunnerExit[] = [];
    const { onExit: _exit, onReady: _ready, ...options } = base().options;
    const runner = createRunner({ ...options, onState: (state) => states.push(state), onCrash: (exit) => crashes.push(exit) });
    await runner.call("manifest", {});
    const first = runner.pid();
    await expect(runner.call("release", {})).rejects.toMatchObject({ code: "runner/crashed" });
    await runner.call("manifest", {});
    expect(runner.pid()).not.toBe(first);
    await runner.stop();
    expect(crashes).toMatchObject([{ code: 3 }]);
    expect(states).toEqual(["starting", "ready", "gone", "starting", "ready", "off"]);
  });

  const start = () => {
    const crashes: RunnerExit[] = [];
    const { onExit: _exit, onReady: _ready, ...options } = base().options;
    return { crashes, runner: createRunner({ ...options, onState: () => undefined, onCrash: (exit) => crashes.push(exit) }) };
  };

  it("gives a call to the next process when the one that had it was killed from outside", async () => {
    const { runner, crashes } = start();
    await runner.call("manifest", {});
    process.kill(runner.pid() ?? 0, "SIGKILL");
    await expect(runner.call("manifest", {})).resolves.toMatchObject({ cwd: root });
    await runner.stop();
    expect(crashes).toMatchObject([{ signal: "SIGKILL" }]);
  });

  it("runs nothing twice: a run that had begun ends with its process", async () => {
    const { runner } = start();
    // It tells of the run "r" and never answers.
    const run = runner.call("materialize", { target: "local", selection: "a", runId: "r" });
    await runner.call("status", { target: "local" });
    process.kill(runner.pid() ?? 0, "SIGKILL");
    await expect(run).rejects.toMatchObject({ code: "runner/crashed" });
    await runner.stop();
  });

  it("never has two processes: a call during the end of one waits", async () => {
    const log: string[] = [];
    let finish: () => void = () => undefined;
    const start = (): RunnerProcess => {
      log.push("start");
      return {
        pid: log.length,
        exiting: () => undefined,
        wasKilled: () => false,
        call: async () => [] as never,
        stop: () => new Promise((resolve) => (finish = resolve)),
      };
    };
    const { onExit: _exit, onReady: _ready, ...options } = base().options;
    const runner = createRunner({ ...options, start, onState: () => undefined, onCrash: () => undefined });
    await runner.call("runs", { limit: 1 });
    const stopping = runner.stop();
    const call = runner.call("runs", { limit: 1 }).then(() => log.push("answer"));
    await Promise.resolve();
    expect(log).toEqual(["start"]);
    finish();
    await Promise.all([stopping, call]);
    expect(log).toEqual(["start", "start", "answer"]);
  });
});

describe("what the runner is given", () => {
  it("is the environment without the editor's variables", () => {
    expect(runnerEnvironment({ PATH: "/bin", VSCODE_PID: "1", NODE_OPTIONS: "x", ELECTRON_RUN_AS_NODE: "1", GONE: undefined })).toEqual({
      PATH: "/bin",
      ELECTRON_RUN_AS_NODE: "1",
    });
  });
  it("leaves its last lines, however they arrive", () => {
    const kept = keepLastLines(2);
    for (const chunk of ["one\ntw", "o\n\n", "three\nfo", "ur"]) kept.add(chunk);
    expect(kept.lines()).toEqual(["three", "four"]);
  });
});
