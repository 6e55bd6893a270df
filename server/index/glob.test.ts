import { describe, expect, it } from "vitest";
import { assetPatterns } from "./glob.ts";

const matches = (pattern: string | readonly string[], path: string) => assetPatterns([pattern].flat())(path);

describe("patterns of a config", () => {
  it.each([
    ["assets/**/*.ts", "assets/a.ts", true],
    ["assets/**/*.ts", "assets/x/y/a.ts", true],
    ["assets/**/*.ts", "other/a.ts", false],
    ["assets/*.ts", "assets/x/a.ts", false],
    ["./assets/*.ts", "assets/a.ts", true],
    ["**/*.{ts,mts}", "a.mts", true],
    ["**/*.{ts,mts}", "x/a.js", false],
    ["assets/[ab]?.ts", "assets/a1.ts", true],
    ["assets/[!ab].ts", "assets/a.ts", false],
    ["assets/**", "assets/x/a.ts", true],
    ["**/*.ts", "assets/.hidden/a.ts", false],
    ["**/*.ts", "assets/a.test.ts", false],
    ["**/*.ts", "sluice.config.ts", false],
    ["**/*.ts", "packages/node_modules/x/a.ts", false],
    ["a+b(c).ts", "a+b(c).ts", true],
    ["[.ts", "a.ts", false],
  ])("%s and %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });

  it("that begin with ! take away", () => {
    expect(matches(["**/*.ts", "!drafts/**"], "drafts/a.ts")).toBe(false);
    expect(matches(["**/*.ts", "!drafts/**"], "a.ts")).toBe(true);
  });
});
