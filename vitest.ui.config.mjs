import { defineConfig } from "vitest/config";

// Tests that drive a whole editor window, one at a time.
export default defineConfig({
  test: { pool: "forks", fileParallelism: false, include: ["test/editor/ui/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000 },
});
