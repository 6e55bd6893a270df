import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { RunEvent } from "../model/events.ts";
import type { RunnerMessage, RunnerRequestName, RunnerRequests } from "../model/protocol.ts";
import { makeProject, sourceModules, type TestProject, testEnvironment } from "../project/test-project.ts";

const entry = fileURLToPath(new URL("./main.ts", import.meta.url));
const running: ChildProcess[] = [];
const projects: TestProject[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const project of projects.splice(0)) project.dispose();
});

function project(files: Readonly<Record<string, string>>): TestProject {
  const made = makeProject(files);
  projects.push(made);
  return made;
}

function start(at: TestProject, environment: Readonly<Record<string, string>> = {}) {
  const child = fork(entry, [JSON.stringify({ root: at.root, embedded: sourceModules })], {
    serialization: "advanced",
    execArgv: [],
    execPath: process.execPath,
    env: { ...testEnvironment, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.push(child);
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  const messages: RunnerMessage[] = [];
  const listeners = new Set<(message: RunnerMessage) => void>();
  child.on("message", (message: RunnerMessage) => {
    messages.push(message);
    for (const listen of listeners) listen(message);
  });
  const until = (wanted: (message: RunnerMessage) => boolean): Promise<RunnerMessage> => {
    const found = messages.find(wanted);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      listeners.add((message) => wanted(message) && resolve(message));
      child.once("exit", (code) => reject(new Error(`The runner ended with ${code}: ${errors}`)));
    });
  };
  let id = 0;
  async function call<Name extends RunnerRequestName>(name: Name, params: RunnerRequests[Name]["params"]): Promise<RunnerRequests[Name]["result"]> {
    const own = ++id;
    child.send({ id: own, name, params });
    const answer = await until((message) => (message.type === "answer" || message.type === "refusal") && message.id === own);
    if (answer.type === "refusal") throw Object.assign(new Error(answer.error.message), answer.error);
    return (answer as { readonly result: RunnerRequests[Name]["result"] }).result;
  }
  const event = (wanted: (event: RunEvent) => boolean) => until((message) => message.type === "event" && wanted(message.event));
  return { child, messages, call, until, event, errors: () => errors };
}

const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`;
const sales = `import { asset, rows } from "sluice";
export const raw = asset("raw", { run: () => [{ name: "a", amount: 9007199254740991 }, { name: "", amount: null }] });
export const clean = asset("clean", { inputs: { raw: raw.as(rows()) }, run: ({ raw }, context) => { console.log("seen", raw.length); context.progress(1, 2); return raw; } });
`;

test("a project that has no sluice of its own is loaded, run, previewed and remembered", async () => {
  const at = project({ "sluice.config.ts": config, "assets/sales.ts": sales });
  const runner = start(at);
  expect(await runner.until(({ type }) => type === "ready")).toMatchObject({ protocol: 1 });
  const manifest = await runner.call("manifest", {});
  expect(manifest).toMatchObject({ root: at.root, defaultTarget: "local", errors: [], library: { installed: false } });
  expect(manifest.assets.map(({ key, place }) => [key, place?.file, place?.line])).toEqual([
    ["raw", at.file("assets/sales.ts"), 2],
    ["clean", at.file("assets/sales.ts"), 3],
  ]);
  expect((await runner.call("status", { target: "local" })).map(({ state }) => state)).toEqual(["missing", "missing"]);

  const summary = await runner.call("materialize", { target: "local", selection: "clean", runId: "r1", upstream: true });
  expect(summary).toMatchObject({ runId: "r1", state: "succeeded", assets: ["raw", "clean"] });
  expect(runner.messages.filter(({ type }) => type === "log")).toEqual([{ type: "log", level: "info", message: "seen 2" }]);
  const events = runner.messages.flatMap((message) => (message.type === "event" ? [message.event] : []));
  expect(events.at(-1)?.type).toBe("run-finished");
  expect(events.some(({ type }) => type === "progress")).toBe(true);

  const page = await runner.call("preview", { target: "local", key: "clean", request: { offset: 0, limit: 10 } });
  expect(page).toMatchObject({
    rows: 2,
    cells: [
      ["a", ""],
      ["9007199254740991", null],
    ],
  });
  expect(await runner.call("cell", { target: "local", key: "clean", column: "amount", row: 0 })).toBe("9007199254740991");
  expect(await runner.call("runs", { limit: 5 })).toMatchObject([{ runId: "r1", state: "succeeded" }]);
  expect(await runner.call("runEvents", { runId: "r1" })).toEqual(events.filter(({ type }) => type !== "progress"));
  expect((await runner.call("status", { target: "local", keys: ["clean"] }))[0]).toMatchObject({ state: "fresh", rows: 2 });
  expect(await runner.call("release", {})).toBeNull();
});

test("an edit makes exactly that asset stale, and the next run sees it", async () => {
  const at = project({ "sluice.config.ts": config, "assets/sales.ts": sales });
  const runner = start(at);
  await runner.call("materialize", { target: "local", selection: "*", runId: "r1" });
  at.write({ "assets/sales.ts": sales.replace("return raw;", "return raw.slice(1);") });
  await runner.call("manifest", {});
  expect((await runner.call("status", { target: "local" })).map(({ state, reason }) => [state, reason])).toEqual([
    ["fresh", undefined],
    ["stale", "code changed"],
  ]);
  await runner.call("materialize", { target: "local", selection: "clean", runId: "r2" });
  expect((await runner.call("preview", { target: "local", key: "clean", request: { offset: 0, limit: 10 } })).rows).toBe(1);
});

test("an asset that throws is a failed run, on the user's line; what is wrong with a request is a refusal", async () => {
  const at = project({
    "sluice.config.ts": config,
    "assets/a.ts": `import { asset } from "sluice";\n\ninterface Gone {\n  a: 1;\n}\nexport const a = asset("a", {\n  run: (): { x: number }[] => {\n    throw new TypeError("boom");\n  },\n});\n`,
  });
  const runner = start(at);
  const summary = await runner.call("materialize", { target: "local", selection: "a", runId: "r1" });
  expect(summary).toMatchObject({ state: "failed", failed: ["a"] });
  const failed = await runner.event(({ type }) => type === "step-failed");
  expect(failed).toMatchObject({ event: { error: { code: "run/failed", place: { file: at.file("assets/a.ts"), line: 8, column: 11 } } } });
  await expect(runner.call("materialize", { target: "nowhere", selection: "a", runId: "r2" })).rejects.toMatchObject({
    code: "config/unknown-target",
  });
  await expect(runner.call("preview", { target: "local", key: "b", request: { offset: 0, limit: 1 } })).rejects.toMatchObject({
    code: "selection/invalid",
  });
  await expect(runner.call("preview", { target: "local", key: "a", request: { offset: 0, limit: 1 } })).rejects.toMatchObject({
    code: "io/not-found",
  });
});

test("a folder without a config refuses with what to do, and is opened once there is one", async () => {
  const at = project({ "assets/sales.ts": sales });
  const runner = start(at);
  await expect(runner.call("manifest", {})).rejects.toMatchObject({ code: "config/invalid" });
  at.write({ "sluice.config.ts": config });
  expect((await runner.call("manifest", {})).assets).toHaveLength(2);
});

const slow = `import { asset } from "sluice";
import { existsSync, writeFileSync } from "node:fs";
const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
export const slow = asset("slow", {
  run: async (_, { signal }) => {
    writeFileSync("started", "");
    while (!existsSync("go")) {
      signal.throwIfAborted();
      await pause();
    }
    return [{ made: Number(process.env.MADE) }];
  },
});
export const quick = asset("quick", { run: () => [{ a: 1 }] });
`;

test("a run can be cancelled; another one goes on beside it; one asset is not made twice at once", async () => {
  const at = project({ "sluice.config.ts": config, "assets/slow.ts": slow });
  const runner = start(at, { MADE: "1" });
  const first = runner.call("materialize", { target: "local", selection: "slow", runId: "first" });
  await runner.event((event) => event.type === "step-started" && event.runId === "first");
  const second = runner.call("materialize", { target: "local", selection: "slow", runId: "second" });
  expect(await runner.call("materialize", { target: "local", selection: "quick", runId: "beside" })).toMatchObject({ state: "succeeded" });
  expect(runner.messages.some((message) => message.type === "event" && message.event.runId === "second")).toBe(false);
  expect(await runner.call("cancel", { runId: "first" })).toBe(true);
  expect(await first).toMatchObject({ state: "cancelled" });
  at.write({ go: "" });
  expect(await second).toMatchObject({ state: "succeeded" });
  expect(await runner.call("cancel", { runId: "first" })).toBe(false);
});

test("a runner that is killed in the middle of a run leaves the former value, and a new one goes on", async () => {
  const at = project({ "sluice.config.ts": config, "assets/slow.ts": slow, go: "" });
  const before = start(at, { MADE: "1" });
  await before.call("materialize", { target: "local", selection: "slow", runId: "r1" });
  at.remove("go");
  const call = before.call("materialize", { target: "local", selection: "slow", runId: "r2" });
  const lost = expect(call).rejects.toThrow("The runner ended");
  await before.event((event) => event.type === "step-started" && event.runId === "r2");
  before.child.kill("SIGKILL");
  await lost;

  at.write({ go: "" });
  const after = start(at, { MADE: "2" });
  const request = { offset: 0, limit: 1 };
  expect((await after.call("preview", { target: "local", key: "slow", request })).cells).toEqual([["1"]]);
  expect(await after.call("materialize", { target: "local", selection: "slow", runId: "r3" })).toMatchObject({ state: "succeeded" });
  expect((await after.call("preview", { target: "local", key: "slow", request })).cells).toEqual([["2"]]);
});

test("an error that user code leaves uncaught ends the runner with its stack on the error output", async () => {
  const at = project({
    "sluice.config.ts": config,
    "assets/timer.ts": `import { asset } from "sluice";\nexport const a = asset("a", { run: () => new Promise<{ a: 1 }[]>(() => {\n  setTimeout(() => { throw new Error("from a timer"); }, 1);\n}) });\n`,
  });
  const runner = start(at);
  await expect(runner.call("materialize", { target: "local", selection: "a", runId: "r1" })).rejects.toThrow("The runner ended with 1");
  expect(runner.errors()).toContain("Error: from a timer");
  expect(runner.errors()).toContain(`${at.file("assets/timer.ts")}:3`);
});

test("the runner ends by itself when the other side is gone, and lets what runs clean up", async () => {
  const at = project({ "sluice.config.ts": config, "assets/slow.ts": slow });
  const runner = start(at);
  void runner.call("materialize", { target: "local", selection: "slow", runId: "r1" }).catch(() => undefined);
  await runner.event(({ type }) => type === "step-started");
  const ended = once(runner.child, "exit");
  runner.child.disconnect();
  expect(await ended).toEqual([0, null]);
  expect(existsSync(at.file("started"))).toBe(true);
});

test("a secret that user code prints does not reach the editor", async () => {
  const at = project({
    "sluice.config.ts": `import { defineConfig, env, filesystem } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: { ioManager: filesystem({ baseDir: env.secret("HIDDEN_FOLDER") }) } }, defaultTarget: "local" });
`,
    "assets/a.ts": `import { asset } from "sluice";
export const a = asset("a", { run: () => { console.log("in", process.env.HIDDEN_FOLDER); return [{ x: 1 }]; } });
`,
  });
  const runner = start(at, { HIDDEN_FOLDER: "very-hidden-folder" });
  await runner.call("materialize", { target: "local", selection: "a", runId: "r1" });
  const line = await runner.until((message) => message.type === "log" && message.message.startsWith("in "));
  expect(line).toMatchObject({ message: "in <HIDDEN_FOLDER>" });
  expect(JSON.stringify(runner.messages)).not.toContain("very-hidden-folder");
});

const daily = `import { asset, dynamicPartitions, staticPartitions } from "sluice";
export const sales = asset("sales", { partitions: staticPartitions(["a", "b", "c"]), run: (_, { partition, metadata }) => { metadata({ note: "of " + partition.key }); return [{ n: 1 }]; } });
export const shops = asset("shops", { partitions: dynamicPartitions("shop"), run: () => [{ n: 1 }] });
`;

test("what a run would make is told before it begins, and what would keep it from its end is refused", async () => {
  const at = project({
    "sluice.config.ts": config
      .replace("local: {}", 'local: {}, prod: { protected: true, ioManager: duckdb({ database: env("NOT_SET") }) }')
      .replace("{ defineConfig }", "{ defineConfig, env }")
      .replace("export default", 'import { duckdb } from "sluice/duckdb";\nexport default'),
    "assets/daily.ts": daily,
  });
  const runner = start(at);
  const manifest = await runner.call("manifest", {});
  expect(manifest.errors).toEqual([]);
  expect(manifest.assets.map(({ dimensions }) => dimensions)).toEqual([
    [{ name: "partition", type: "static" }],
    [{ name: "partition", type: "dynamic", dynamic: "shop" }],
  ]);
  await runner.call("materialize", { target: "local", selection: "sales", runId: "r1", partitions: ["b"] });
  expect(await runner.call("plan", { target: "local", selection: "sales", missing: true })).toEqual([{ key: "sales", partitions: 2 }]);
  expect(await runner.call("plan", { target: "local", selection: "sales", partitions: ["a"] })).toEqual([{ key: "sales", partitions: 1 }]);
  await expect(runner.call("plan", { target: "prod", selection: "sales", partitions: ["a"] })).rejects.toMatchObject({ code: "config/missing-env" });
  expect((await runner.call("status", { target: "local", keys: ["sales"] }))[0]).toMatchObject({
    metadata: { note: "of b" },
    partitions: { total: 3, stored: 1, missing: 2, failed: 0, stale: 0 },
  });
});

test("dynamic partitions are added, each once", async () => {
  const at = project({ "sluice.config.ts": config, "assets/daily.ts": daily });
  const runner = start(at);
  expect(await runner.call("addPartitions", { target: "local", name: "shop", keys: ["north", "south"] })).toEqual(["north", "south"]);
  expect(await runner.call("addPartitions", { target: "local", name: "shop", keys: ["south"] })).toEqual([]);
  expect((await runner.call("partitions", { target: "local", key: "shops" })).map(({ key }) => key)).toEqual(["north", "south"]);
  await expect(runner.call("addPartitions", { target: "local", name: "shops", keys: ["x"] })).rejects.toMatchObject({ code: "partition/unknown" });
});

test("a preview that is not wanted any more is ended in its store", async () => {
  const slow = `const seen = [];
export const slow = { inspect: async () => undefined, handleOutput: async () => ({ place: "x" }), loadInput: async () => [], name: "slow",
  preview: (context) => new Promise((_, reject) => { console.log("asked"); context.signal.addEventListener("abort", () => { console.log("ended"); reject(context.signal.reason); }); }) };
`;
  const at = project({
    "sluice.config.ts": config
      .replace("local: {}", "local: { ioManager: slow }")
      .replace("export default", 'import { slow } from "./slow.ts";\nexport default'),
    "slow.ts": slow,
    "assets/a.ts": `import { asset } from "sluice";\nexport const a = asset("a", { run: () => [{ n: 1 }] });\n`,
  });
  const runner = start(at);
  await runner.call("manifest", {});
  const said = (text: string) => runner.until((message) => message.type === "log" && message.message === text);
  const page = expect(runner.call("preview", { target: "local", key: "a", request: { offset: 0, limit: 1 } })).rejects.toMatchObject({
    code: "run/cancelled",
  });
  await said("asked");
  runner.child.send({ withdraw: 2 });
  await said("ended");
  await page;
});
