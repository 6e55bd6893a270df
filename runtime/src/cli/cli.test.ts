import { spawn } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { makeProject, sourceModules, type TestProject, testEnvironment } from "../project/test-project.ts";

const main = pathToFileURL(fileURLToPath(new URL("./main.ts", import.meta.url))).href;
const script = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1), ${JSON.stringify({ embedded: sourceModules })});`;

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.dispose();
});
function project(files: Readonly<Record<string, string>>): TestProject {
  const made = makeProject({ "sluice.config.ts": config, ...files });
  projects.push(made);
  return made;
}
const config = `import { defineConfig, filesystem } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {}, prod: { protected: true } }, defaultTarget: "local" });
`;
const sales = `import { asset, rows, sql } from "sluice";
export const raw = asset("raw", { run: () => [{ name: "Ada", note: null, amount: 12 }, { name: "", note: "NULL", amount: 7 }] });
export const big = asset("big", { group: "sums", inputs: { raw: raw.as(sql) }, run: ({ raw }) => sql\`select * from \${raw} where amount > 10\` });
export const last = asset("last", { group: "sums", inputs: { big: big.as(rows()) }, run: ({ big }, { log }) => { log.info("rows: " + big.length); return big.map(({ name }) => ({ name })); } });
`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}
function start(at: TestProject, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    cwd: at.root,
    env: { ...testEnvironment, ...environment },
  });
  let out = "";
  let error = "";
  const seen: (() => void)[] = [];
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
    for (const look of seen) look();
  });
  child.stderr.on("data", (chunk) => {
    error += String(chunk);
  });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, out, error })));
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = () => out.includes(text) && resolve();
      seen.push(look);
      look();
    });
  return { child, ended, until };
}
const sluice = (at: TestProject, ...args: readonly string[]): Promise<Ended> => start(at, args).ended;

test("materialize, list, graph, preview and runs tell one story", async () => {
  const at = project({ "assets/sales.ts": sales });
  const run = await sluice(at, "materialize", "--concurrency", "1");
  expect(run).toMatchObject({ code: 0, error: "" });
  const lines = run.out
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ {2,}\S.*/, "").replace(/ in .*/, ""));
  expect(lines).toEqual(["local · 3 assets", "✓ raw", "✓ big", "", "✓ last", "Done: 3 materialized"]);
  expect(run.out).toContain("last | rows: 1");
  expect(run.out).not.toContain("\u001b");

  const list = await sluice(at, "list", "--json");
  const shown = JSON.parse(list.out) as {
    readonly assets: readonly { readonly key: string; readonly status: { readonly state: string; readonly rows: number } }[];
  };
  expect(shown.assets.map(({ key, status }) => [key, status.state, status.rows])).toEqual([
    ["raw", "fresh", 2],
    ["big", "fresh", 1],
    ["last", "fresh", 1],
  ]);
  expect((await sluice(at, "graph", "+big")).out).toBe("raw\nbig  ← raw\n");
  expect((await sluice(at, "preview", "raw", "--sort=-amount", "--columns", "name,note,amount")).out).toBe(
    'name  note    amount\n────  ──────  ──────\nAda   NULL        12\n""    "NULL"       7\nrows 1 to 2 of 2\n',
  );
  const filtered = await sluice(at, "preview", "raw", "--filter", "amount<10", "--filter", "note is not null", "--json");
  expect(JSON.parse(filtered.out)).toMatchObject({ rows: 1, cells: [[""], ["NULL"], ["7"]] });
  expect((await sluice(at, "runs")).out).toMatch(/^[0-9a-f]{8} {2}succeeded {2}local .* 3 assets {2}\*\n$/);
});

test("--json is the event stream, one event on a line, and what user code prints is no part of it", async () => {
  const at = project({ "assets/sales.ts": sales.replace("({ raw }) =>", "({ raw }) => console.log('printed') ??") });
  const { code, out, error } = await sluice(at, "materialize", "-s", "last", "--upstream", "--json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  expect(code).toBe(0);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["run-queued", "input-loaded", "log", "materialized", "run-finished"]));
  expect(error).toBe("printed\n");
});

test("a failed asset shows its line, skips what is downstream and nothing else, and ends with 1", async () => {
  const at = project({
    "assets/sales.ts": sales
      .replace(
        "run: ({ raw }) => sql",
        "run: ({ raw }) => { throw new RangeError('too \u001b[31mbig'); return raw; }, metadata: {} });\nexport const unused = asset('unused', { run: () => [{ a: 1 }] });\nvoid sql; void (({ raw }) => sql",
      )
      .replace("> 10` });", "> 10`);"),
  });
  const { code, out } = await sluice(at, "materialize");
  expect(code).toBe(1);
  expect(out).toMatch(/✗ big .*\n {4}RangeError: too big\n {4}at assets\/sales\.ts:3:\d+\n/);
  expect(out).toContain("last    skipped: big failed");
  expect(out).toMatch(/Failed: 1 failed, 2 materialized, 1 skipped in /);
  expect(out).not.toContain("\u001b");
});

test("wrong use ends with 2 and says what was meant", async () => {
  const at = project({ "assets/sales.ts": sales });
  expect(await sluice(at, "materialise")).toMatchObject({ code: 2, out: "", error: expect.stringContaining('Did you mean "materialize"?') });
  expect(await sluice(at, "list", "--slect", "x")).toMatchObject({ code: 2, error: expect.stringContaining("Did you mean --select?") });
  expect(await sluice(at, "materialize", "rwa")).toMatchObject({ code: 2, error: expect.stringContaining("selection/invalid") });
  expect(await sluice(at, "materialize", "raw", "-t", "prd")).toMatchObject({ code: 2, error: expect.stringContaining('Did you mean "prod"?') });
  expect(await sluice(at, "materialize", "raw", "-t", "prod")).toMatchObject({ code: 2, error: expect.stringContaining("--yes") });
  expect(await sluice(at, "preview", "raw")).toMatchObject({ code: 1, error: expect.stringContaining("io/not-found") });
  const json = await sluice(at, "preview", "raw", "--json");
  expect(JSON.parse(json.out)).toMatchObject({ type: "error", error: { code: "io/not-found" } });
  expect(await sluice(at, "preview", "--help")).toMatchObject({ code: 0, out: expect.stringContaining("--filter <comparison>") });
  at.remove("sluice.config.ts");
  expect(await sluice(at, "list")).toMatchObject({ code: 2, error: expect.stringContaining("No sluice.config.ts") });
});

test("a protected target is written to with --yes only, and each unbound target keeps its own values", async () => {
  const at = project({ "assets/sales.ts": sales });
  expect(await sluice(at, "materialize", "raw", "-t", "prod", "--yes")).toMatchObject({ code: 0 });
  expect(await sluice(at, "preview", "raw")).toMatchObject({ code: 1 });
  expect(await sluice(at, "preview", "raw", "-t", "prod")).toMatchObject({ code: 0 });
});

test("a dry run stores nothing and shows what would run", async () => {
  const at = project({ "assets/sales.ts": sales });
  const { code, out } = await sluice(at, "materialize", "big", "--upstream", "--dry-run");
  expect([code, out]).toEqual([0, "local · would run:\n  raw  runs\n  big  runs  ← raw\n"]);
  expect(await sluice(at, "preview", "raw")).toMatchObject({ code: 1 });
  expect(await sluice(at, "materialize", "big", "--dry-run")).toMatchObject({ code: 1, error: expect.stringContaining("io/not-found") });
});

test("a file that does not load is told, the others run, and a run of everything is no success", async () => {
  const at = project({ "assets/sales.ts": sales, "assets/broken.ts": "export const x = ;\n" });
  const all = await sluice(at, "materialize");
  expect(all).toMatchObject({ code: 1, error: expect.stringContaining("at assets/broken.ts:1:18") });
  expect(all.out).toContain("Done: 3 materialized");
  expect(await sluice(at, "materialize", "raw")).toMatchObject({ code: 0 });
  expect(await sluice(at, "list")).toMatchObject({ code: 2 });
});

test("Ctrl-C cancels the run, which cleans up, and ends with 130", async () => {
  const at = project({
    "assets/slow.ts": `import { asset } from "sluice";
export const slow = asset("slow", { run: (_, { signal, log }) => new Promise<{ a: 1 }[]>((_resolve, reject) => {
  const timer = setInterval(() => {}, 1000);
  signal.addEventListener("abort", () => { clearInterval(timer); log.info("cleaned up"); reject(signal.reason); });
  log.info("waiting");
}) });
`,
  });
  const { child, ended, until } = start(at, ["materialize"]);
  await until("slow | waiting");
  child.kill("SIGINT");
  expect(await ended).toMatchObject({
    code: 130,
    out: expect.stringMatching(/slow \| cleaned up[\s\S]*Cancelled/),
    error: expect.stringContaining("Press Ctrl-C again"),
  });
  const runs = JSON.parse((await sluice(at, "runs", "--json")).out) as unknown;
  expect(runs).toMatchObject([{ state: "cancelled" }]);
});

test("a secret's value is in no output, no event and no history, wherever it turns up", async () => {
  const secret = "s3cr3t-Value/42";
  const at = project({
    ".env": `TOKEN='${secret}'\n`,
    "sluice.config.ts": `import { defineConfig, env, filesystem, readSetting } from "sluice";
const leaky = (token) => ({ ...filesystem(), name: "leaky", settings: { nested: [{ token }] }, handleOutput: async (context) => {
  const value = readSetting(token);
  context.log("warn", "connecting with " + value);
  console.log("printing", value);
  console.error("erring", value);
  if (context.key === "fails") throw new Error("login refused for " + value);
  return { place: "store://" + value, query: "select '" + value + "'", [value]: { deep: [value] } };
} });
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: { ioManager: leaky(env.secret("TOKEN")) } }, defaultTarget: "local" });
`,
    "assets/a.ts": `import { asset } from "sluice";
export const fine = asset("fine", { run: (_, context) => { context.metadata({ token: process.env.TOKEN }); context.log.info(process.env.TOKEN ?? ""); return [{ a: 1 }]; } });
export const fails = asset("fails", { run: () => [{ a: 1 }] });
export const throws = asset("throws", { run: (): { a: number }[] => { throw new Error("thrown " + process.env.TOKEN); } });
`,
    "assets/broken.ts": `throw new Error("at import: " + process.env.TOKEN);\n`,
  });
  const outputs: Ended[] = [];
  for (const args of [["materialize"], ["materialize", "--json"], ["list", "--json"], ["runs", "--json"], ["preview", "fails"]]) {
    outputs.push(await sluice(at, ...args));
  }
  const [last] = JSON.parse(outputs[3]?.out ?? "[]") as readonly { readonly runId: string }[];
  outputs.push(await sluice(at, "runs", last?.runId ?? ""), await sluice(at, "runs", last?.runId ?? "", "--json"));
  for (const { out, error } of outputs) expect(out + error).not.toContain(secret);
  expect(outputs[0]?.out).toContain("connecting with <TOKEN>");
  expect(outputs[0]?.out).toContain("printing <TOKEN>");
  expect(outputs[0]?.out).toContain("login refused for <TOKEN>");
  expect(outputs[0]?.out).toContain("thrown <TOKEN>");
  expect(outputs[0]?.error).toContain("at import: <TOKEN>");
  const { readFileSync, readdirSync } = await import("node:fs");
  const history = readdirSync(at.file(".sluice")).filter((name) => name.startsWith("history"));
  expect(history).toContain("history.db");
  for (const name of history) expect(readFileSync(at.file(`.sluice/${name}`)).includes(secret)).toBe(false);
});
