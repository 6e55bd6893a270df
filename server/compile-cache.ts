import module from "node:module";

// Imported before everything else: halves the start of the process, most of which is compiling the TypeScript parser.
module.enableCompileCache?.();
