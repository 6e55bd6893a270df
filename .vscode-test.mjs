import { defineConfig } from "@vscode/test-cli";

// Read by `vscode-test` (desktop VS Code) and by scripts/test/editor.mjs (a served one).
export default defineConfig({
  label: "editor",
  files: "out/test/**/*.test.cjs",
  workspaceFolder: "examples/sales",
  version: process.env.VSCODE_VERSION ?? "stable",
  ...(process.env.VSCODE_EXECUTABLE ? { useInstallation: { fromPath: process.env.VSCODE_EXECUTABLE } } : {}),
  launchArgs: ["--disable-extensions", "--disable-telemetry", "--skip-welcome", "--skip-release-notes"],
  mocha: { ui: "bdd", timeout: 60000, color: false },
});
