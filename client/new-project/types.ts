import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const marker = "version";

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Version of the declarations in the project's `.sluice/types`; undefined where there are none of ours. */
export const typesVersion = (project: string): Promise<string | undefined> => readIfThere(join(project, ".sluice/types", marker));

/**
 * Puts the declarations that a project without `node_modules` needs into its `.sluice/types`, where `typeRoots` finds them.
 * Does nothing when those of this version are there. A reader sees the old folder or the new one, never half of one.
 * Returns true when it wrote.
 */
export async function writeTypes(options: {
  readonly project: string;
  /** Folder with one folder per package. */
  readonly from: string;
  readonly version: string;
  readonly force?: boolean;
}): Promise<boolean> {
  const { project, from, version, force = false } = options;
  const home = join(project, ".sluice");
  const types = join(home, "types");
  if (!force && (await typesVersion(project)) === version) return false;
  await mkdir(home, { recursive: true });
  if ((await readIfThere(join(home, ".gitignore"))) === undefined) await writeFile(join(home, ".gitignore"), "*\n");
  for (const name of await readdir(home)) {
    if (/^types\.(new|old)-/.test(name)) await rm(join(home, name), { recursive: true, force: true });
  }
  const id = randomUUID();
  const staged = join(home, `types.new-${id}`);
  const former = join(home, `types.old-${id}`);
  await cp(from, staged, { recursive: true });
  await writeFile(join(staged, marker), version);
  try {
    await rename(types, former);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await rename(staged, types);
  await rm(former, { recursive: true, force: true });
  return true;
}
