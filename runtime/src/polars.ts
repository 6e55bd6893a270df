// What users import from "sluice/polars".
export { polars, polarsLazy } from "./handlers/polars/polars.ts";
