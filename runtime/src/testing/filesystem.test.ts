import { describe, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { ioManagerBehaviour } from "../testing.ts";
import { create } from "./filesystem.fixture.ts";
import { reportKills } from "./kill-report.fixture.ts";

ioManagerBehaviour(
  {
    name: "filesystem()",
    create,
    module: new URL("./filesystem.fixture.ts", import.meta.url).href,
    handlers: [rows(), arrow, batches, sql],
    sharedByProcesses: true,
    storesValues: true,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    onKills: reportKills("filesystem()"),
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
