/**
 * The environment handed to a runner: without what VS Code keeps there for its own processes.
 * `ELECTRON_RUN_AS_NODE` stays: without it a forked Electron would open a window.
 */
export function runnerEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !name.startsWith("VSCODE_") && name !== "NODE_OPTIONS") result[name] = value;
  }
  return result;
}
