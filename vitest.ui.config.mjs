import { defineConfig } from "vitest/config";

// Tests that drive a whole editor window, one at a time.
export default defineConfig({
  test: { pool: "forks", fileParallelism: false, include: ["test/editor/ui/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
});
