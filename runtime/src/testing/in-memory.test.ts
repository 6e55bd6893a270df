import { describe, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { inMemory } from "../io/in-memory.ts";
import { ioManagerBehaviour } from "../testing.ts";

ioManagerBehaviour(
  {
    name: "inMemory()",
    create: () => inMemory(),
    handlers: [rows(), arrow, batches, sql],
    survivesProcess: false,
    storesValues: true,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
    refuses: [],
    endlessQuery: sql`select sum(i) as n from range(100000000000) as t(i)`,
  },
  { describe, it },
);
