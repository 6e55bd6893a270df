import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { errorCodes } from "../runtime/src/model/errors.ts";

const root = join(import.meta.dirname, "..");
const pages = ["README.md", ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((path) => join("docs", path))].filter(
  (path) => path.endsWith(".md") && existsSync(join(root, path)),
);
const text = (page: string) => readFileSync(join(root, page), "utf8");

/** Blocks of a page whose first line names a file, as a project. */
function projectOf(page: string) {
  const files = new Map<string, string>();
  for (const [, body = ""] of text(page).matchAll(/^```(?:ts|csv|json)\n([\s\S]*?)^```/gm)) {
    const [first = "", ...rest] = body.split("\n");
    const name = /^\/\/ ([\w./-]+)$/.exec(first)?.[1];
    if (name) files.set(name, rest.join("\n"));
  }
  return files;
}

/** What a page says in a comment about how its project is materialized: `<!-- materialize --range .. -->`. */
const flagsOf = (page: string): readonly string[] => /^<!-- materialize (.+) -->$/m.exec(text(page))?.[1]?.split(" ") ?? [];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("every page with a project in it", () => {
  const projects = pages.map((page) => ({ page, files: projectOf(page) })).filter(({ files }) => files.has("sluice.config.ts"));
  it("is found", () => expect(projects.map(({ page }) => page)).toContain("docs/guides/getting-started.md"));

  it.each(projects)("$page type-checks and materializes", ({ page, files }) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-docs-"));
    folders.push(folder);
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "tsconfig.json"), readFileSync(join(root, "examples/sales/tsconfig.json")));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    expect(run(join(root, "node_modules/typescript/bin/tsc"), "-p", folder)).toBe("");
    const events = run(join(root, "runtime/bin/sluice.mjs"), "materialize", "--json", ...flagsOf(page))
      .trim()
      .split("\n");
    expect(JSON.parse(events.at(-1) ?? "{}")).toMatchObject({ type: "run-finished" });
  });
});

it("every error code has its section, and every section its code", () => {
  const sections = [...text("docs/reference/errors.md").matchAll(/^## (\S+)$/gm)].map(([, code]) => code);
  expect(sections).toEqual([...errorCodes]);
});

it.each(pages)("%s links only to what exists", (page) => {
  const targets = [...text(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = ""]) => target);
  expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
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
