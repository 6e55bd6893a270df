import { describe, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { ioManagerBehaviour } from "../testing.ts";
import { contents, create } from "./duckdb.fixture.ts";
import { reportKills } from "./kill-report.fixture.ts";

ioManagerBehaviour(
  {
    name: "duckdb()",
    create,
    module: new URL("./duckdb.fixture.ts", import.meta.url).href,
    handlers: [rows(), arrow, batches, sql],
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    partitionsTogether: true,
    contents,
    onKills: reportKills("duckdb()"),
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
