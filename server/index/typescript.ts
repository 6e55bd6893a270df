// The one place that imports TypeScript, so that the bundles can share a single copy of it.
import ts from "typescript";

export { ts };
