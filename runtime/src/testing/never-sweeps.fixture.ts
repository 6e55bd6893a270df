import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesystem } from "../io/filesystem.ts";
import type { AnyIOManager } from "../io/manager.ts";

/** A wrong one: what a process that was killed left of its writes stays for good. */
export const create = (folder: string): AnyIOManager => {
  const good: AnyIOManager = filesystem({ baseDir: join(folder, "storage") });
  let writes = 0;
  return {
    ...good,
    handleOutput: async (context, value) => {
      writes += 1;
      const temporary = join(folder, `temporary-${process.pid}-${writes}`);
      await writeFile(temporary, "");
      try {
        return await good.handleOutput(context, value);
      } finally {
        await rm(temporary);
      }
    },
  };
};
