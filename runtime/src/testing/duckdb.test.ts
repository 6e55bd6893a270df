import { describe, it } from "vitest";
import { sql } from "../handlers/sql.ts";
import { ioManagerBehaviour } from "../testing.ts";
import { contents, create } from "./duckdb.fixture.ts";
import { handlers, withoutTypesOf } from "./handlers.fixture.ts";
import { reportKills } from "./kill-report.fixture.ts";

ioManagerBehaviour(
  {
    name: "duckdb()",
    create,
    module: new URL("./duckdb.fixture.ts", import.meta.url).href,
    handlers,
    withoutTypesOf,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    partitionsTogether: true,
    contents,
    onKills: reportKills("duckdb()"),
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
