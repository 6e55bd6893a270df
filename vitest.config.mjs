import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "forks",
    // Many tests wait for processes of their own: on two cores, one worker would leave half of them idle.
    maxWorkers: "100%",
    include: ["runtime/src/**/*.test.ts", "server/**/*.test.ts", "client/**/*.test.ts", "media/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/editor/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
