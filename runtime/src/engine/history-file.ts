import fs from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";

type Sqlite = typeof import("node:sqlite");

/** `node:sqlite` where this Node has it. Its warning about being experimental would stand in every terminal; ours to answer for, so it is left out. */
function sqlite(): Sqlite | undefined {
  const { emitWarning } = process;
  try {
    process.emitWarning = () => {};
    return process.getBuiltinModule("node:sqlite") as Sqlite | undefined;
  } catch {
    // Some builds of Node name the module and do not have it.
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Layout of the file. A newer one is left alone; an older one is brought up, step by step. */
const migrations: readonly string[] = [
  `create table runs (
     run_id text primary key, target text not null, selection text not null, state text not null, started_at integer not null, ms integer,
     assets text not null, failed text not null default '[]', events integer not null default 0,
     host text not null, pid integer not null, process text not null, alive_at integer not null
   ) strict;
   create index runs_by_start on runs (started_at);
   create table events (run_id text not null, seq integer not null, event text not null, primary key (run_id, seq)) strict, without rowid;
   create table failures (target text not null, asset text not null, run_id text not null, at integer not null, error text not null, primary key (target, asset)) strict, without rowid;
   create table materializations (target text not null, asset text not null, at integer not null, record text not null, metadata text, primary key (target, asset)) strict, without rowid;`,
  `create table partition_failures (
     target text not null, asset text not null, partition text not null, run_id text not null, at integer not null, error text not null,
     primary key (target, asset, partition)
   ) strict, without rowid;
   create table partition_materializations (
     target text not null, asset text not null, partition text not null, at integer not null, record text not null, metadata text,
     primary key (target, asset, partition)
   ) strict, without rowid;`,
];

/** Opens `history.db` in the folder, making both. Throws what went wrong, in words for people. */
export function openHistoryFile(folder: string): DatabaseSync {
  const module = sqlite();
  if (!module) throw new Error(`this Node (${process.version}) has no working node:sqlite`);
  fs.mkdirSync(folder, { recursive: true });
  const ignore = path.join(folder, ".gitignore");
  if (!fs.existsSync(ignore)) fs.writeFileSync(ignore, "*\n");
  const file = path.join(folder, "history.db");
  const db = new module.DatabaseSync(file);
  try {
    db.exec("pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = normal;");
    migrate(db, file);
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = () => Number(db.prepare("pragma user_version").get()?.["user_version"]);
  if (version() === migrations.length) return;
  // Taken before the version is looked at again: another process may be doing the same.
  db.exec("begin immediate");
  try {
    const found = version();
    if (found > migrations.length) throw new Error(`${file} was written by a newer version of Sluice`);
    for (const migration of migrations.slice(found)) db.exec(migration);
    db.exec(`pragma user_version = ${migrations.length}`);
    db.exec("commit");
  } catch (thrown) {
    db.exec("rollback");
    throw thrown;
  }
}
