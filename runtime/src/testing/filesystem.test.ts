import { describe, it } from "vitest";
import { sql } from "../handlers/sql.ts";
import { ioManagerBehaviour } from "../testing.ts";
import { create } from "./filesystem.fixture.ts";
import { handlers, withoutTypesOf } from "./handlers.fixture.ts";
import { reportKills } from "./kill-report.fixture.ts";

ioManagerBehaviour(
  {
    name: "filesystem()",
    create,
    module: new URL("./filesystem.fixture.ts", import.meta.url).href,
    handlers,
    withoutTypesOf,
    sharedByProcesses: true,
    storesValues: true,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    onKills: reportKills("filesystem()"),
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
