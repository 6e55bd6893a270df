import { afterEach, expect, it } from "vitest";
import type { SemanticTokens, SemanticTokensLegend } from "vscode-languageserver/node";
import { createWorkbench, type Workbench } from "../testing/workbench.ts";

let bench: Workbench;
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`;

/** Texts of the tokens, with what they are. */
async function tokens(text: string) {
  bench = createWorkbench({ "sluice.config.ts": config, "assets/main.ts": text });
  const client = await bench.start();
  await client.open(bench.uri("assets/main.ts"), text);
  const { data } = await client.ask<SemanticTokens>("textDocument/semanticTokens/full", { textDocument: { uri: bench.uri("assets/main.ts") } });
  const { tokenTypes, tokenModifiers } = client.initialized.capabilities.semanticTokensProvider!.legend as SemanticTokensLegend;
  const lines = text.split("\n");
  let [line, character] = [0, 0];
  const found: string[] = [];
  for (let at = 0; at < data.length; at += 5) {
    const [down, along, length, type, modifiers] = data.slice(at, at + 5) as [number, number, number, number, number];
    line += down;
    character = down > 0 ? along : character + along;
    const set = tokenModifiers.filter((_, bit) => modifiers & (1 << bit));
    found.push(`${lines[line]!.slice(character, character + length)}: ${[tokenTypes[type], ...set].join(" ")}`);
  }
  return found;
}

it("are an asset's own key and the keys that it names, in the order of the text", async () => {
  const text = `import { asset, assets, output } from "sluice";
export const b = asset("b", { deps: ["raw/é", "nothing", 'split/good'], run: () => "b" });
export const a = asset("raw/é", { run: () => 1 });
export const split = assets("split", { outputs: { good: output(), bad: output() }, run: () => ({}) });
export const c = asset("c" + "d", { deps: [a], run: () => 1 });
export const d = asset(name, { run: () => 1 });
`;
  expect(await tokens(text)).toEqual([
    "b: variable declaration readonly",
    "raw/é: variable readonly",
    "split/good: variable readonly",
    "raw/é: variable declaration readonly",
  ]);
});

it("are gone with the feature, and empty where there is no asset", async () => {
  expect(await tokens("export const one = 1;\n")).toEqual([]);
  const off = await bench.start({ initializationOptions: { features: { semanticTokens: false } } });
  expect(off.initialized.capabilities.semanticTokensProvider).toBeUndefined();
});
