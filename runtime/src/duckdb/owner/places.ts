import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** The system as far as places of sockets depend on it. */
export interface PlaceSystem {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `undefined` on Windows. */
  readonly user: number | undefined;
}

export const thisPlace = (): PlaceSystem => ({ platform: process.platform, environment: process.env, user: process.getuid?.() });

/** Most bytes of a socket's path on every system that has such: a longer one would be cut, silently by some versions of Node. */
const longestSocket = 103;

/** Names a database file in file names and pipe names: 80 bits of a hash of its real path. */
export const fileKey = (path: string, { platform }: Pick<PlaceSystem, "platform">): string =>
  createHash("sha256")
    .update(platform === "win32" ? path.toLowerCase() : path)
    .digest("hex")
    .slice(0, 20);

/**
 * Folders that may hold this user's sockets, best first. Processes of one user do not always have the same environment (cron, ssh), so
 * whoever looks for an owner looks into all of them.
 */
export function runtimeFolders({ platform, environment, user }: PlaceSystem): readonly string[] {
  if (platform === "win32") {
    const home = environment["LOCALAPPDATA"] ?? environment["TEMP"];
    return home ? [`${home}\\sluice`] : [];
  }
  const own = environment["XDG_RUNTIME_DIR"];
  return [...new Set([...(own ? [join(own, "sluice")] : []), `/run/user/${user}/sluice`, `/tmp/sluice-${user}`])];
}

/** Where the owner called `name` listens: a socket in the folder, a named pipe on Windows. `undefined` when the path would be too long. */
export function endpointOf(folder: string, name: string, { platform }: Pick<PlaceSystem, "platform">): string | undefined {
  if (platform === "win32") return `\\\\.\\pipe\\sluice-${name}`;
  const path = join(folder, `${name}.sock`);
  return Buffer.byteLength(path) <= longestSocket ? path : undefined;
}

/** Whether only this user can read and write the folder; a link, or a folder of somebody else, is none. */
export function isPrivate(folder: string, { platform, user }: PlaceSystem): boolean {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && (platform === "win32" || (found.uid === user && (found.mode & 0o077) === 0));
  } catch {
    return false; // Not there, or not to be looked at.
  }
}

/** Makes the first folder that can be made, where the folder around it is there. `undefined` when none can. */
export function makeFolder(system: PlaceSystem, name: string): string | undefined {
  return runtimeFolders(system).find((folder) => {
    if (endpointOf(folder, name, system) === undefined) return false;
    if (isPrivate(folder, system)) return true;
    try {
      if (!statSync(join(folder, "..")).isDirectory()) return false;
      mkdirSync(folder, { mode: 0o700 });
      return isPrivate(folder, system);
    } catch {
      return false; // The next one, then.
    }
  });
}
