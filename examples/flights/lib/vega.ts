import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Path of a data file of the package vega-datasets, which only exports its code. */
export const vegaData = (file: string) => join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..", "data", file);
