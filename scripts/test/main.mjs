// `npm test`: builds, then every check and every test. The last line counts them over all runners.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { checks } from "../check/main.mjs";
import { environment, node, root } from "../setup.mjs";
import { editorTests } from "./editor.mjs";

const output = join(root, ".test-out");
const only = process.argv.slice(2);
const wanted = (name) => only.length === 0 || only.includes(name);

async function vitest(label, config) {
  const report = join(output, `${label}.json`);
  const child = spawn(
    node,
    [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", config, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    {
      cwd: root,
      stdio: "inherit",
      env: environment,
    },
  );
  const code = await new Promise((done) => child.on("exit", (status) => done(status ?? 1)));
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    const brokenFiles = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
    const failed = numFailedTests + brokenFiles;
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  } catch {
    console.error(`${label}: the test runner ended with ${code} and left no report.`);
    return { passed: 0, failed: 1 };
  }
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
await build();

const stages = [
  ["check", checks],
  ["unit", () => vitest("unit", "vitest.config.mjs")],
  ["editor", editorTests],
  ["ui", () => vitest("ui", "vitest.ui.config.mjs")],
];
const total = { passed: 0, failed: 0 };
for (const [name, stage] of stages) {
  if (!wanted(name)) continue;
  const from = performance.now();
  console.log(`\n── ${name}`);
  const result = await stage().catch((error) => {
    console.error(error);
    return { passed: 0, failed: 1 };
  });
  total.passed += result.passed;
  total.failed += result.failed;
  console.log(`── ${name}: ${result.passed} passed, ${result.failed} failed in ${((performance.now() - from) / 1000).toFixed(0)} s`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
