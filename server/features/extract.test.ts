import { afterEach, describe, expect, it } from "vitest";
import type { CodeAction, Diagnostic, DocumentDiagnosticReport } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createWorkbench, positionIn, type Workbench } from "../testing/workbench.ts";

const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: { warehouse: filesystem() } }, defaultTarget: "local" });
`;
const head = `import { asset, ioManagerKey, source, sql, staticPartitions } from "sluice";
const warehouse = ioManagerKey<unknown>()("warehouse");
const days = staticPartitions(["a"]);
const limit = 3;
export const x = source("x", { partitions: days });
export const y = source("y", { partitions: days });
`;
let bench: Workbench;
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

/** The text after extracting what stands between `«` and `»`, and what is found in it then; `undefined` where that is not offered. */
async function extracted(source: string, only: readonly string[] = ["refactor"]) {
  const text = head + source.replace(/[«»]/g, "");
  bench = createWorkbench({ "sluice.config.ts": config, "assets/main.ts": text });
  const client = await bench.start();
  const uri = bench.uri("assets/main.ts");
  await client.open(uri, text);
  const start = head.length + source.indexOf("«");
  const range = { start: positionIn(text, start), end: positionIn(text, head.length + source.indexOf("»") - 1) };
  const actions = await client.ask<CodeAction[]>("textDocument/codeAction", { textDocument: { uri }, range, context: { diagnostics: [], only } });
  const action = actions.find(({ kind }) => kind === "refactor.extract");
  if (!action) return undefined;
  const after = TextDocument.applyEdits(TextDocument.create(uri, "typescript", 1, text), action.edit!.changes![uri]!);
  await client.edit(uri, 2, after);
  const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument: { uri } });
  const found: readonly Diagnostic[] = report.kind === "full" ? report.items : [];
  const { assets } = await client.graph();
  const upstream = assets.find(({ key }) => key === "a")?.upstream.map(({ key }) => key);
  return {
    title: action.title,
    text: after.slice(head.length),
    found: found.map(({ message }) => message),
    upstream,
    keys: assets.map(({ key }) => key),
  };
}

const partitioned = "partitions: days,";

describe("extracting an upstream asset", () => {
  it.each([
    [
      "what reads one of two inputs",
      `/** Documented. */\nexport const a = asset("a", { ${partitioned} inputs: { x, y: y.as(rows()) }, run: ({ x, y: z }) => «z.filter((row) => row.n > limit)».concat(x) });\n`,
      `export const aPart = asset("a_part", {
  inputs: { y: y.as(rows()) },
  partitions: days,
  run: ({ y: z }) => z.filter((row) => row.n > limit),
});

/** Documented. */
export const a = asset("a", { partitions: days, inputs: { x, aPart }, run: ({ x, aPart }) => aPart.concat(x) });
`,
      ["x", "a_part"],
    ],
    [
      "what reads an input that something else reads too",
      `export const a = asset("a", {\n  ${partitioned}\n  ioManager: warehouse,\n  inputs: {\n    x,\n    y,\n  },\n  run: ({ x, y }) => sql\`select * from \${« sql\`select 1 from \${x}\` »} join \${x} join \${y}\`,\n});\n`,
      `export const aPart = asset("a_part", {
  inputs: { x },
  partitions: days,
  ioManager: warehouse,
  run: ({ x }) => sql\`select 1 from \${x}\`,
});

export const a = asset("a", {
  partitions: days,
  ioManager: warehouse,
  inputs: {
    x,
    y,
    aPart,
  },
  run: ({ x, y, aPart }) => sql\`select * from \${ aPart } join \${x} join \${y}\`,
});
`,
      ["x", "y", "a_part"],
    ],
    [
      "what waits for something and reads no input",
      `export const a = asset("a", { group: "g", async run() { const rows = «await load(limit)»; return rows; } });\n`,
      `export const aPart = asset("a_part", {
  group: "g",
  run: async () => await load(limit),
});

export const a = asset("a", { inputs: { aPart }, group: "g", async run({ aPart }) { const rows = aPart; return rows; } });
`,
      ["a_part"],
    ],
    [
      "an object",
      `export const a_part = asset("a_part", { run: () => f() });\nexport const a = asset("a", { run: () => f(«{ one: limit }») });\n`,
      `export const a_part = asset("a_part", { run: () => f() });
export const aPart2 = asset("a_part2", {
  run: () => ({ one: limit }),
});

export const a = asset("a", { inputs: { aPart2 }, run: ({ aPart2 }) => f(aPart2) });
`,
      ["a_part2"],
    ],
  ])("moves %s, and leaves nothing to find fault with", async (_, source, expected, upstream) => {
    const result = await extracted(source);
    expect(result?.text).toBe(expected);
    expect(result?.found).toEqual([]);
    expect(result?.upstream).toEqual(upstream);
  });

  it.each([
    ["what reads a name of run's own", `export const a = asset("a", { run: () => { const k = f(); return «g(k)»; } });\n`],
    [
      "what reads a row of a callback",
      `export const a = asset("a", { ${partitioned} inputs: { x }, run: ({ x }) => x.map((row) => «row.n + limit») });\n`,
    ],
    ["what reads the context", `export const a = asset("a", { ${partitioned} inputs: { x }, run: ({ x }, context) => «f(x, context)» });\n`],
    ["inputs that are not taken apart", `export const a = asset("a", { ${partitioned} inputs: { x }, run: (all) => «f(all.x)» });\n`],
    ["a part of an expression", `export const a = asset("a", { run: () => «f() +» g() });\n`],
    ["what is called", `export const a = asset("a", { run: () => «f.g»() });\n`],
    ["a name", `export const a = asset("a", { ${partitioned} inputs: { x }, run: ({ x }) => «x» });\n`],
    ["what belongs to this", `export const a = asset("a", { run() { return «f(this)»; } });\n`],
    ["what is no part of run", `export const a = asset("a", { description: «f()», run: () => f() });\n`],
    ["what no asset has", "const one = () => «f(2)»;\n"],
    ["partitions that are made on the spot", `export const a = asset("a", { partitions: staticPartitions(["a"]), run: () => f(«g()») });\n`],
    ["nothing", `export const a = asset("a", { run: () => «»f() });\n`],
  ])("is not offered for %s", async (_, source) => {
    expect(await extracted(source)).toBeUndefined();
  });

  it("is not offered to who asks for fixes only", async () => {
    expect(await extracted(`export const a = asset("a", { run: () => f(«g()») });\n`, ["quickfix"])).toBeUndefined();
    await bench.close();
    expect((await extracted(`export const a = asset("a", { run: () => f(«g()») });\n`, ["refactor.extract"]))?.title).toBe(
      'Extract into the upstream asset "a_part"',
    );
  });
});
