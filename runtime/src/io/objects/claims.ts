import { link, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SluiceError } from "../../model/errors.ts";
import { isLeftBehind, ownedName, parseOwnedName } from "./owners.ts";

/*
 * Comparing and replacing a file in one step, which a folder does not offer. Whoever wants to replace a version of a file first makes the
 * claim on that version: a file whose name says the version, of which there can be one. It holds for the moment of one rename. A claim
 * whose process has ended holds nobody up: the next one is made behind it, and of those there can be one too.
 */

/** Milliseconds that a claim of a living process is waited for. */
const patience = 30_000;

const extension = ".claim";
const claimName = (file: string, version: string, place: number): string => `${file}~${version}~${place}${extension}`;

const isCode = (error: unknown, ...codes: readonly string[]): boolean => codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");

/** Makes a file that is not there yet; false when it is. */
async function make(claim: string): Promise<boolean> {
  const own = ownedName("claim", "part");
  const temporary = join(dirname(claim), own);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(own);
    } finally {
      await handle.close();
    }
    try {
      await link(temporary, claim);
    } catch (error) {
      if (!isCode(error, "EPERM", "ENOTSUP", "ENOSYS", "EMLINK", "EINVAL")) throw error;
      // a disk without links: a kill before the next line leaves a claim that says nothing, which counts as another machine's
      const handle = await open(claim, "wx");
      try {
        await handle.writeFile(own);
      } finally {
        await handle.close();
      }
    }
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Who made a claim, or nobody who still may use it. `undefined` when there is none. */
async function holderOf(claim: string): Promise<{ readonly ended: boolean; readonly text: string } | undefined> {
  try {
    const [text, found] = await Promise.all([readFile(claim, "utf8"), stat(claim)]);
    const owner = parseOwnedName(text) ?? { host: "", pid: 0, start: "" };
    return {
      ended: isLeftBehind(owner, found.mtimeMs, Date.now()),
      text: owner.pid === 0 ? "a process that did not say who it is" : `process ${owner.pid}`,
    };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Runs `replace`, which moves a new file over `file`, while nothing else does. Resolves to false, without having called it, when `file` is
 * no longer of that version. Throws `io/unavailable` when a living process keeps its claim for half a minute.
 * @param current The version that is there now.
 */
export async function whileUnchanged(
  file: string,
  version: string,
  current: () => Promise<string>,
  replace: () => Promise<void>,
  now: () => number = Date.now,
): Promise<boolean> {
  const began = now();
  for (let place = 0, wait = 1; ; ) {
    const claim = claimName(file, version, place);
    if (await make(claim)) {
      try {
        if ((await current()) !== version) return false;
        await replace();
      } finally {
        await rm(claim, { force: true });
      }
      await removeClaims(file, current);
      return true;
    }
    if ((await current()) !== version) return false;
    const holder = await holderOf(claim);
    if (!holder) continue;
    if (holder.ended) {
      place += 1;
      continue;
    }
    if (now() - began > patience) {
      throw new SluiceError("io/unavailable", `${file} cannot be replaced: ${holder.text} has been about to for ${Math.round(patience / 1000)} s.`, {
        hint: `Let that process go on or end it. If there is none, remove ${claim}. What was stored before is still there.`,
      });
    }
    await new Promise((later) => setTimeout(later, wait));
    wait = Math.min(wait * 2, 50);
  }
}

/** Removes claims on versions that are no longer there: on those nobody can build any more. */
async function removeClaims(file: string, current: () => Promise<string>): Promise<void> {
  const start = `${basename(file)}~`;
  const claims = (await readdir(dirname(file))).filter((name) => name.startsWith(start) && name.endsWith(extension));
  if (claims.length === 0) return;
  // asked after the list: a claim in it that is not on this version is on a former one
  const there = `${start}${await current()}~`;
  for (const name of claims) if (!name.startsWith(there)) await rm(join(dirname(file), name), { force: true });
}
