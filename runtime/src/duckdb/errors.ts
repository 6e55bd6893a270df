import { basename } from "node:path";
import { type ErrorCode, isSluiceError, SluiceError } from "../model/errors.ts";

/** What was being done, for messages. */
export interface Attempt {
  /** The file, where one is concerned. */
  readonly path?: string | undefined;
  /** Key of the asset, where one is known. */
  readonly asset?: string | undefined;
  /** Code of what DuckDB says no more about; `sql/failed` for a query. */
  readonly otherwise?: ErrorCode;
}

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** True when a statement lost against another transaction and may be tried again. */
export const isConflict = (thrown: unknown): boolean =>
  /write-write conflict|Conflict on |TransactionContext Error.*[Cc]onflict/.test(textOf(thrown));

/** True when `interrupt` ended the statement. */
export const isInterrupt = (thrown: unknown): boolean => /INTERRUPT Error|Interrupted!/.test(textOf(thrown));

const lockText = /Conflicting lock is held in (.+?) \(PID (\d+)\)/;

/** Whether it is the lock of another process that kept a file from being opened. */
export const isForeignLock = (thrown: unknown): thrown is SluiceError =>
  isSluiceError(thrown) && thrown.code === "io/locked" && thrown.cause !== undefined;

/** Number of the process that has the lock, where the engine names it. */
export function lockHolder({ cause }: SluiceError): number | undefined {
  const pid = lockText.exec(textOf(cause))?.[2];
  return pid === undefined ? undefined : Number(pid);
}

/** An error of the engine in our words: who holds the file, what is wrong with it, what to do. Ours pass through unchanged. */
export function engineError(thrown: unknown, { path, asset, otherwise = "sql/failed" }: Attempt = {}): SluiceError {
  if (isSluiceError(thrown)) return thrown;
  const text = textOf(thrown);
  const file = path === undefined ? "The DuckDB file" : `"${path}"`;
  const make = (code: ErrorCode, message: string, hint?: string) => new SluiceError(code, message, { hint, asset, cause: thrown });

  const holder = lockText.exec(text);
  if (holder || /Could not set lock on file/.test(text)) {
    const pid = holder ? Number(holder[2]) : undefined;
    const who = holder ? `${basename(holder[1] as string)} (process ${pid})` : "another program";
    return make(
      "io/locked",
      `${file} is held by ${who}. DuckDB lets one program write to a file, or several read it, but not both.`,
      `Close it in ${pid === undefined ? "that program" : `that program, or end process ${pid}`}, then run again.`,
    );
  }
  if (/cannot open file.*being used by another process|used by another process/i.test(text)) {
    return make("io/locked", `${file} is held by another program.`, "Close it in that program, then run again.");
  }
  if (
    /database version|version number|newer version of DuckDB|storage version/i.test(text) &&
    /read|open|newer/i.test(text) &&
    otherwise !== "sql/failed"
  ) {
    return make(
      "io/unavailable",
      `${file} was written by a newer DuckDB than this one reads: ${firstLine(text)}`,
      "Export it there with an older storage version (ATTACH ... (STORAGE_VERSION 'v1.4.0')), or use a Sluice with that DuckDB.",
    );
  }
  if (/not a valid DuckDB database file/.test(text)) {
    return make("io/unavailable", `${file} exists and is not a DuckDB database.`, "Choose another file name in the I/O manager's database setting.");
  }
  if (/Permission denied|Read-only file system|EACCES|EPERM/.test(text)) {
    return make(
      "io/permission",
      `${file} may not be read or written by this user: ${firstLine(text)}`,
      "Change its permissions, or choose another place.",
    );
  }
  if (/No space left|disk full/i.test(text))
    return make("io/unavailable", `The disk is full: ${firstLine(text)}`, "Free some space, then run again.");
  if (/Out of Memory Error/.test(text)) {
    return make("io/unavailable", `DuckDB ran out of memory: ${firstLine(text)}`, "Work on less at a time, or give the machine more memory.");
  }
  if (isConflict(thrown)) return make("io/conflict", `Another transaction changed the same data: ${firstLine(text)}`, "Run it again.");
  if (isInterrupt(thrown)) return make("run/cancelled", "The statement was cancelled.");
  return make(otherwise, text);
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;
