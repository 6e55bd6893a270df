import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(text("package.json"));
const nls = JSON.parse(text("package.nls.json")) as Record<string, string>;
const { contributes } = manifest;

interface Item {
  readonly command: string;
  readonly when?: string;
}
const declared: readonly string[] = contributes.commands.map((one: Item) => one.command);
const files = readdirSync(join(root, "client/commands")).filter((name) => name.endsWith(".ts"));
const coded = files.flatMap((name) =>
  [...text(`client/commands/${name}`).matchAll(/id: "(sluice\.\w+)",\s+needsTrust: (true|false)/g)].map(([, id = "", trust]) => ({
    id,
    trust: trust === "true",
    file: name,
  })),
);
/** Values of every string in the manifest. */
function strings(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
const own = strings({ contributes, capabilities: manifest.capabilities });

describe("commands", () => {
  it("are the same in the manifest, in the code and in the documentation", () => {
    const ids = coded.map((one) => one.id).sort();
    expect(ids.length).toBeGreaterThan(10);
    expect([...declared].sort()).toEqual(ids);
    const documented = [...text("docs/reference/commands.md").matchAll(/^\| `(sluice\.\w+)` +\| ([^|]+) \|/gm)].map(([, id, title]) => [
      id,
      title?.trim(),
    ]);
    const titles = contributes.commands.map((one: { command: string; title: string }) => [one.command, nls[one.title.slice(1, -1)]]);
    expect(documented).toEqual(titles);
  });

  it("all stand in the table that registers them", () => {
    const table = text("client/commands/index.ts");
    for (const { file } of coded) expect(table).toContain(`"./${file}"`);
  });

  it("that run the workspace's code are switched off in Restricted Mode, and only those", () => {
    for (const { id, trust } of coded) {
      const enablement: string = contributes.commands.find((one: Item) => one.command === id).enablement ?? "";
      expect([id, enablement.includes("isWorkspaceTrusted")]).toEqual([id, trust]);
    }
  });

  it("that menus, welcome texts and the walkthrough name are there", () => {
    const menus = Object.values(contributes.menus as Record<string, readonly Item[]>).flatMap((items) => items.map((item) => item.command));
    const linked = Object.values(nls).flatMap((one) => [...one.matchAll(/\(command:(sluice\.\w+)/g)].map(([, id = ""]) => id));
    expect(linked.length).toBeGreaterThan(3);
    expect([...menus, ...linked].filter((id) => !declared.includes(id))).toEqual([]);
  });

  it("that need an argument stay out of the palette", () => {
    expect(contributes.menus.commandPalette).toContainEqual({ command: "sluice.runAgain", when: "false" });
  });
});

describe("settings", () => {
  const properties = Object.assign({}, ...contributes.configuration.map((group: { properties: unknown }) => group.properties)) as Record<
    string,
    { default: unknown; scope: string; properties?: Readonly<Record<string, { default: unknown }>> }
  >;
  it("are the same in the manifest, in the code and in the documentation", () => {
    const list = /settingNames = \[([^\]]*)\]/.exec(text("client/settings.ts"))?.[1] ?? "";
    const names = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => `sluice.${name}`);
    expect(Object.keys(properties)).toEqual(names);
    const documented = [...text("docs/reference/settings.md").matchAll(/^\| `(sluice\.[\w.]+)` +\| `([^`]+)` +\|/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const shown = (value: unknown) => (typeof value === "object" ? "{…}" : String(value));
    expect(documented).toEqual(names.map((name) => [name, shown(properties[name]?.default)]));
  });
  it("switch each of the language server's features, apart from lenses, which have a setting of their own", () => {
    const list = /featureNames = \[([^\]]*)\]/.exec(text("server/capabilities.ts"))?.[1] ?? "";
    const names = [...list.matchAll(/"(\w+)"/g)].flatMap(([, name = ""]) => (name === "codeLens" ? [] : [name]));
    expect(names.length).toBeGreaterThan(10);
    const setting = properties["sluice.languageServer.features"]!;
    const defaults = Object.fromEntries(names.map((name) => [name, name !== "semanticTokens"]));
    expect(setting.default).toEqual(defaults);
    expect(Object.fromEntries(Object.entries(setting.properties ?? {}).map(([name, one]) => [name, one.default]))).toEqual(defaults);
    const documented = [...text("docs/reference/settings.md").matchAll(/^\| `(\w+)` +\| `(true|false)` +\|/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, String(value)])));
    const inReference = [...text("docs/reference/language-server.md").matchAll(/^\| `(\w+)` +\| `\w+\//gm)].map(([, name]) => name);
    expect(inReference.toSorted()).toEqual([...names, "codeLens"].toSorted());
  });
  it("each say where they hold", () => {
    for (const setting of Object.values(properties)) expect(["window", "resource"]).toContain(setting.scope);
  });
});

describe("the manifest", () => {
  it("has every text in package.nls.json, and no other", () => {
    const used = own.flatMap((one) => [...one.matchAll(/^%(.+)%$/g)].map(([, key = ""]) => key));
    expect([...new Set(used)].sort()).toEqual(Object.keys(nls).sort());
  });
  it("names only files that exist", () => {
    const paths = [...own, manifest.icon].filter((one) => one.startsWith("media/"));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
  it("starts with a project in the workspace, and not with every window", () => {
    expect(manifest.activationEvents).toEqual(["workspaceContains:**/sluice.config.*", "onWebviewPanel:sluice.table"]);
  });
  it("works in Restricted Mode without running anything", () => {
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe("limited");
  });
  it("links to its own walkthrough", () => {
    const id = `${manifest.publisher}.${manifest.name}#${contributes.walkthroughs[0].id}`;
    const links = Object.values(nls).flatMap((one) =>
      [...one.matchAll(/openWalkthrough\?(\S+?)\)/g)].map(([, argument = ""]) => JSON.parse(decodeURIComponent(argument))),
    );
    expect(new Set(links)).toEqual(new Set([id]));
    expect(contributes.walkthroughs[0].steps).toHaveLength(5);
  });
});

it("only one place starts processes", () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
  );
  expect(sources.filter((path) => /node:child_process|node:worker_threads/.test(text(`client/${path}`)))).toEqual([join("runner", "process.ts")]);
  expect(text("client/project/project.ts")).toContain("permit: permitRunning");
});
