// Who may import whom: docs/architecture.md has the table that these rules hold.
const runtime = "^runtime/src/";
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `${runtime}${from}/`, pathNot: "\\.(test|fixture)\\.ts$" },
  to: { path: runtime, pathNot: [`${runtime}${from}/`, ...allowed.map((path) => runtime + path)] },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: ["\\.test\\.ts$", "\\.d\\.ts$", "\\.config\\.", "tsconfig", "native-import\\.cjs$"] },
      to: {},
    },
    only("model-imports-nothing", "model", []),
    only("assets", "assets", ["model/", "io/manager\\.ts$"]),
    only("handlers", "handlers", ["model/", "io/manager\\.ts$"]),
    only("duckdb", "duckdb", ["model/", "io/manager\\.ts$"]),
    only("formats", "formats", ["model/", "io/manager\\.ts$", "duckdb/"]),
    only("io", "io", ["model/", "assets/(definition|values)\\.ts$", "formats/", "duckdb/", "handlers/"]),
    only("partitions", "partitions", ["model/", "io/manager\\.ts$", "assets/definition\\.ts$", "assets/partitions\\.ts$"]),
    only("engine", "engine", ["model/", "assets/", "partitions/", "io/manager\\.ts$"]),
    {
      name: "model-stands-alone",
      severity: "error",
      from: { path: `${runtime}model/`, pathNot: "\\.test\\.ts$" },
      to: { pathNot: `${runtime}model/` },
    },
    {
      name: "server",
      severity: "error",
      from: { path: "^server/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(client|media|runtime/src/(?!model/))" },
    },
    {
      name: "client",
      severity: "error",
      from: { path: "^client/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(server|media|runtime/src/(?!model/))" },
    },
    {
      name: "media",
      severity: "error",
      from: { path: "^media/", pathNot: "(\\.test\\.ts$|/harness/)" },
      to: { path: "^(server|client|runtime/src/(?!model/))" },
    },
    { name: "vscode-in-the-client-only", severity: "error", from: { pathNot: "^(client|test)/" }, to: { path: "^vscode$" } },
    {
      name: "runtime-stands-alone",
      severity: "error",
      from: { path: runtime, pathNot: "\\.test\\.ts$" },
      to: { path: "^(server|client|media|examples)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
