import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Every text that the client translates: the first argument of `t(…)`, wherever `t` comes from. */
function texts(): readonly string[] {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
  );
  const call = /(?<![\w$])t\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g;
  return files.flatMap((path) =>
    [...readFileSync(join(import.meta.dirname, path), "utf8").matchAll(call)].map(([, literal = ""]) =>
      literal.startsWith("'") ? literal.slice(1, -1) : (JSON.parse(literal) as string),
    ),
  );
}

it("every text of the client can be translated: l10n/bundle.l10n.json has it (vitest -u writes the file)", async () => {
  const found = [...new Set(texts())].sort();
  expect(found).toContain("never materialized");
  await expect(`${JSON.stringify(Object.fromEntries(found.map((text) => [text, text])), null, 2)}\n`).toMatchFileSnapshot("../l10n/bundle.l10n.json");
});
