import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { errorCodes } from "../runtime/src/model/errors.ts";

const root = join(import.meta.dirname, "..");
const pages = ["README.md", ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((path) => join("docs", path))].filter(
  (path) => path.endsWith(".md") && existsSync(join(root, path)),
);
const text = (page: string) => readFileSync(join(root, page), "utf8");

const blocks = (page: string, languages: string) =>
  Array.from(text(page).matchAll(new RegExp(`^\`\`\`(?:${languages})\\n([\\s\\S]*?)^\`\`\``, "gm")), ([, body = ""]) => body);
const fileName = (body: string) => /^\/\/ ([\w./-]+\.\w+)\n/.exec(body)?.[1];

/** Blocks of a page whose first line names a file, as a project. */
function projectOf(page: string) {
  const files = new Map<string, string>();
  for (const body of blocks(page, "ts|csv|json")) {
    const name = fileName(body);
    if (name) files.set(name, body.slice(body.indexOf("\n") + 1));
  }
  return files;
}
/** What a page says to type in the project's folder. */
const commandsOf = (page: string) =>
  blocks(page, "sh").flatMap((body) => [...body.matchAll(/^sluice (.+)$/gm)].map(([, args = ""]) => args.split(" ")));

/** What a page says in a comment about how its project is materialized: `<!-- materialize --range .. -->`. */
const flagsOf = (page: string): readonly string[] => /^<!-- materialize (.+) -->$/m.exec(text(page))?.[1]?.split(" ") ?? [];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A project's folder with these files. */
function folderOf(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-docs-"));
  folders.push(folder);
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "tsconfig.json"), readFileSync(join(root, "examples/sales/tsconfig.json")));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  return folder;
}
/** As a reader's terminal has it. */
const plainEnvironment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/VITEST|NODE_ENV/.test(name)));

async function typeCheck(folder: string): Promise<void> {
  const checking = promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { cwd: folder });
  expect(
    await checking.then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    ),
  ).toBe("");
}

describe("every page with a project in it", () => {
  const projects = pages.map((page) => ({ page, files: projectOf(page) })).filter(({ files }) => files.has("sluice.config.ts"));
  it("is found", () => expect(projects.map(({ page }) => page)).toContain("docs/guides/getting-started.md"));

  it.each(projects)(
    "$page type-checks, materializes, and does what it says",
    async ({ page, files }) => {
      const folder = folderOf(files);
      const run = async (...args: string[]) => (await promisify(execFile)(process.execPath, args, { cwd: folder, env: plainEnvironment })).stdout;
      const sluice = (...args: string[]) => run(join(root, "runtime/bin/sluice.mjs"), ...args);
      await typeCheck(folder);
      const events = (await sluice("materialize", "--json", ...flagsOf(page))).trim().split("\n");
      expect(JSON.parse(events.at(-1) ?? "{}")).toMatchObject({ type: "run-finished" });
      // A page that says how its project is materialized shows other commands as examples.
      if (flagsOf(page).length === 0) for (const command of commandsOf(page)) await sluice(...command);
    },
    300_000,
  );
});

describe("every page with tests in it", () => {
  const projects = pages
    .map((page) => ({ page, files: projectOf(page) }))
    .filter(({ files }) => [...files.keys()].some((name) => name.endsWith(".test.ts")));
  it("is found", () => expect(projects.map(({ page }) => page)).toContain("docs/guides/write-your-own.md"));

  it.each(projects)(
    "$page passes them",
    async ({ files }) => {
      const folder = folderOf(files);
      const report = join(folder, "report.json");
      writeFileSync(join(folder, "vitest.config.ts"), "export default { test: { testTimeout: 60_000 } };");
      const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=json", `--outputFile=${report}`];
      // fewer kills than where the built-in ones are held to the same
      const env = { ...plainEnvironment, SLUICE_KILLS: "40" };
      await promisify(execFile)(process.execPath, vitest, { cwd: folder, env, timeout: 280_000 }).catch(() => undefined); // the report says what failed
      const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
        testResults: { message: string; assertionResults: { status: string; fullName: string; failureMessages: string[] }[] }[];
      };
      const results = testResults.flatMap(({ assertionResults }) => assertionResults);
      expect(results.filter(({ status }) => status !== "passed").map(({ fullName, failureMessages }) => [fullName, ...failureMessages])).toEqual([]);
      expect(testResults.map(({ message }) => message).join("")).toBe("");
      expect(results.length).toBeGreaterThan(50);
    },
    300_000,
  );
});

it("every other piece of TypeScript compiles by itself", async () => {
  const pieces = pages.flatMap((page) =>
    blocks(page, "ts")
      .filter((body) => !fileName(body))
      .map((body, i) => [page, i, body] as const),
  );
  expect(pieces.length).toBeGreaterThan(5);
  await typeCheck(folderOf(new Map(pieces.map(([page, i, body]) => [`${page.replace(/\W/g, "-")}-${i + 1}.ts`, `${body}\nexport {};\n`]))));
}, 60_000);

it("every error code has its section, and every section its code", () => {
  const sections = [...text("docs/reference/errors.md").matchAll(/^## (\S+)$/gm)].map(([, code]) => code);
  expect(sections).toEqual([...errorCodes]);
});

it.each(pages)("%s links only to what exists", (page) => {
  const targets = [...text(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = ""]) => target);
  expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
});

it.each(pages)("%s links only to headings that exist", (page) => {
  const anchors = (target: string) =>
    [...text(target).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\d _-]/gu, "")
        .replaceAll(" ", "-"),
    );
  const links = [...text(page).matchAll(/\]\((?!https?:)([^)#\s]*\.md)?#([^)\s]+)\)/g)];
  const wrong = links.filter(([, target, anchor = ""]) => !anchors(target === undefined ? page : join(dirname(page), target)).includes(anchor));
  expect(wrong.map(([link]) => link)).toEqual([]);
});

it("Dagster's test cases name tests that exist", () => {
  const files = new Set([...text("docs/dagster-tests.md").matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, file = ""]) => file));
  expect(files.size).toBeGreaterThan(10);
  expect([...files].filter((file) => !existsSync(join(root, "runtime/src", file)))).toEqual([]);
});

it("the runner's protocol names every request", () => {
  const source = readFileSync(join(root, "runtime/src/model/protocol.ts"), "utf8");
  const block = source.slice(source.indexOf("interface RunnerRequests"), source.indexOf("type RunnerRequestName"));
  const requests = [...block.matchAll(/^ {2}(\w+): \{/gm)].map(([, name]) => name);
  const documented = [...text("docs/reference/runner-protocol.md").matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  expect(documented).toEqual(requests);
});

it("the command line's page names every flag of every command", () => {
  const cli = (...args: string[]) => execFileSync(process.execPath, [join(root, "runtime/bin/sluice.mjs"), ...args], { encoding: "utf8" });
  const page = text("docs/reference/cli.md");
  const commands = [...page.matchAll(/^\| `sluice (\w+)/gm)].map(([, name = ""]) => name);
  expect(commands.length).toBeGreaterThan(4);
  const flags = commands.flatMap((command) => [...cli(command, "--help").matchAll(/--([a-z-]+)/g)].map(([flag]) => flag));
  expect([...new Set(flags)].filter((flag) => flag !== "--help" && !page.includes(flag))).toEqual([]);
});
