import { afterEach, expect, test } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { hookPackages } from "./packages.ts";
import { createSession } from "./session.ts";
import { makeProject, nativeImport, sourceModules } from "./test-project.ts";

Error.prepareStackTrace = undefined as never; // the test runner's own would keep Node from mapping stacks to the sources
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const config = `import { defineConfig, inMemory } from "sluice";
export default defineConfig({ assets: ["assets/*.ts"], targets: { local: { ioManager: inMemory() } }, defaultTarget: "local" });
`;
const assets = 'import { asset } from "sluice";\nexport const sales = asset("sales", { run: () => [{ n: 1 }] });\n';
const helper = `import { assetCheck } from "sluice";
export const check = (asset: never, name: string, passed: boolean) => assetCheck(asset, { name, blocking: true, run: () => passed });
`;
const checks = (...calls: readonly string[]) => `import { check } from "../lib/helper.ts";\nimport { sales } from "./a.ts";\n${calls.join("\n")}\n`;

test("a file of checks that changes defines its checks anew, and one that does not load keeps its assets from running", async () => {
  const at = makeProject({
    "sluice.config.ts": config,
    "assets/a.ts": assets,
    "lib/helper.ts": helper,
    "assets/checks.ts": checks('check(sales, "one", true);'),
  });
  const packages = hookPackages({ root: at.root, embedded: sourceModules });
  const session = createSession({ root: at.root, packages, importModule: nativeImport });
  open.push(
    at.dispose,
    () => packages.close(),
    () => session.close(),
  );
  const made = async (): Promise<readonly string[]> => {
    const events: RunEvent[] = [];
    await session.manifest();
    await session.materialize({ selection: "*" }, (event) => events.push(event));
    return events.flatMap((event) => (event.type === "check-evaluated" ? [`${event.check} ${event.passed}`] : []));
  };
  expect(await made()).toEqual(["one true"]);
  at.write({ "assets/checks.ts": checks('check(sales, "one", false);', 'check(sales, "two", true);') });
  expect(await made()).toEqual(["one false", "two true"]);
  at.write({ "assets/checks.ts": checks('check(sales, "two", true);') });
  expect(await made()).toEqual(["two true"]);
  for (const broken of ["check(sales", 'throw new Error("not now");', 'check(sales, "x", true); check(sales, "x", true);']) {
    at.write({ "assets/checks.ts": checks(broken) });
    for (let again = 0; again < 2; again++) {
      const error = await made().catch((thrown: unknown) => thrown);
      expect([broken, error]).toMatchObject([
        broken,
        { code: expect.stringMatching(/^(load\/failed|config\/invalid)$/), place: { file: expect.stringMatching(/checks|helper/) } },
      ]);
    }
  }
  at.write({ "assets/checks.ts": checks('check(sales, "three", true);') });
  expect(await made()).toEqual(["three true"]);
  at.write({ "assets/a.ts": `${assets}// changed\n` });
  expect(await made()).toEqual(["three true"]);
  at.remove("assets/checks.ts");
  expect(await made()).toEqual([]);
});
