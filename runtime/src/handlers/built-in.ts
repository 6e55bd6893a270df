import type { AnyHandler } from "../io/manager.ts";
import { arrow } from "./arrow.ts";
import { batches } from "./batches.ts";
import { polars, polarsLazy } from "./polars/polars.ts";
import { rows } from "./rows.ts";
import { sql } from "./sql.ts";

/** The shapes that every store takes. Frames of Polars come first: a column of theirs may have the name of a member that others ask for. */
export const builtInHandlers: readonly AnyHandler[] = [polars, polarsLazy, sql, rows(), arrow, batches];
