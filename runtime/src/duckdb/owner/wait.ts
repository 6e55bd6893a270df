import { setTimeout as pause } from "node:timers/promises";
import { SluiceError } from "../../model/errors.ts";
import { lockHolder } from "../errors.ts";
import { type System, thisSystem } from "../processes.ts";
import { type Answered, askOwner, cancelled } from "./ask.ts";
import { type PlaceSystem, thisPlace } from "./places.ts";
import { findOwners, type Owner } from "./record.ts";

/** How a lock of another process is met. */
export interface WaitOptions {
  /** Real path of the database file. */
  readonly path: string;
  /** What the owner is asked where it uses the file: then there is nothing to wait for. */
  readonly question?: unknown;
  /** Milliseconds to wait at most. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when waiting begins: for whom, in words. */
  readonly onWait?: ((message: string) => void) | undefined;
  readonly system?: System;
  readonly place?: PlaceSystem;
}
/** What came of it: an answer and who gave it; `undefined`, the file may be free now. */
export interface Met {
  readonly answered: Answered;
  readonly owner: Owner;
}

/** Times in a row that nobody is found who has the file, or whoever is found says it has not, before the lock is somebody else's. */
const mostMisses = 20;

/**
 * Meets the lock of another process until the file may be free: each call asks those who have it open to let it go, and waits for that.
 * Throws the `io/locked` given where that is a program which does not answer, `io/locked` that names the owner when the limit is over.
 */
export function meetLock({ path, question, limit, signal, onWait, system = thisSystem(), place = thisPlace() }: WaitOptions) {
  const deadline = Date.now() + limit;
  let misses = 0;
  let told = false;
  let last: Owner | undefined;
  return async (locked: SluiceError): Promise<Met | undefined> => {
    if (signal?.aborted) throw cancelled(signal);
    // Others were faster each time that it was let go.
    if (last && Date.now() >= deadline) throw stillLocked(path, last, "busy", limit, locked);
    const others = findOwners(path, system, place).filter(({ pid, host }) => pid !== system.pid || host !== system.host);
    const holder = lockHolder(locked);
    const named = others.filter(({ pid, host }) => pid === holder && host === system.host);
    for (const owner of named.length > 0 ? named : others) {
      const outcome = await askOwner(owner, {
        ...(question === undefined ? {} : { question }),
        limit: Math.max(1, deadline - Date.now()),
        signal,
        onBusy: () => {
          if (!told) onWait?.(`Waiting for ${whoIs(owner)}, which uses "${path}".`);
          told = true;
        },
      });
      if (outcome.kind === "answered") return { answered: outcome.answered, owner };
      if (outcome.kind === "busy" || outcome.kind === "silent") throw stillLocked(path, owner, outcome.kind, limit, locked);
      if (outcome.kind === "released") {
        misses = 0;
        last = owner;
        return undefined;
      }
    }
    // Between an owner's lock and the look at who that is, the file may have changed hands: once more, but not for ever.
    misses++;
    const strangers = named.length === 0 && holder !== undefined;
    if (misses > (strangers || others.length === 0 ? 2 : mostMisses)) throw locked;
    await pause(5 * (misses - 1));
    return undefined;
  };
}

const whoIs = ({ pid, folder }: Owner): string => `another Sluice (process ${pid}, working in ${folder})`;

function stillLocked(path: string, owner: Owner, kind: "busy" | "silent", limit: number, cause: SluiceError): SluiceError {
  const seconds = limit >= 1000 ? `${Math.round(limit / 1000)} s` : `${limit} ms`;
  const what = kind === "busy" ? `used it for all of the ${seconds} that were waited` : `did not answer within ${seconds}`;
  return new SluiceError("io/locked", `"${path}" is held by ${whoIs(owner)}, which ${what}.`, {
    hint: `Run again when its work has ended, cancel that work in the editor or the terminal it runs in, or end process ${owner.pid}.`,
    cause,
  });
}
