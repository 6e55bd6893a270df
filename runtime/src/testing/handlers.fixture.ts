import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { polars, polarsLazy } from "../handlers/polars/polars.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";

/** Every handler there is. */
export const handlers = [rows(), arrow, batches, sql, polars, polarsLazy];

const unnamed = ["hugeint", "uuid", "interval", "bit", "enum('b', 'a', 'it''s')", "timetz", "timestamp_s", "time_ns"];
/** What Polars keeps as text, as a decimal or in finer units: handlers/polars/polars.test.ts says how each comes back. */
export const withoutTypesOf = { polars: unnamed, polarsLazy: unnamed };
