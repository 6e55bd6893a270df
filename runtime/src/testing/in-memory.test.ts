import { describe, it } from "vitest";
import { sql } from "../handlers/sql.ts";
import { inMemory } from "../io/in-memory.ts";
import { ioManagerBehaviour } from "../testing.ts";
import { handlers, withoutTypesOf } from "./handlers.fixture.ts";

ioManagerBehaviour(
  {
    name: "inMemory()",
    create: () => inMemory(),
    handlers,
    withoutTypesOf,
    survivesProcess: false,
    storesValues: true,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    refuses: [],
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
