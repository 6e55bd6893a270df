import { describe, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { remoteStore } from "../io/objects/remote.fixture.ts";
import { objectIOManager } from "../io/objects.ts";
import { ioManagerBehaviour } from "../testing.ts";

const buckets = new Map<string, Parameters<typeof remoteStore>[0]>();
const handlers = [rows(), arrow, batches, sql];

ioManagerBehaviour(
  {
    name: "objectIOManager() over a store that is no folder",
    create: (folder) => {
      const objects = buckets.get(folder) ?? new Map();
      buckets.set(folder, objects);
      return objectIOManager(remoteStore(objects), { prefix: "team/", handlers });
    },
    handlers,
    survivesProcess: false,
    storesValues: true,
    supports: ["partitions", "append", "upsert"],
    showsStaged: true,
  },
  { describe, it },
);
