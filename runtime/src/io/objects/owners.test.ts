import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { cleanupAfter, hasEnded, isLeftBehind, isOwn, ownedName, parseOwnedName, thisProcess } from "./owners.ts";

it("reads back what a name says, and no other name", () => {
  const name = ownedName("run-1/../evil~x", "parquet");
  expect(parseOwnedName(name)).toMatchObject({ ...thisProcess(), run: "run-1----evil-x", extension: "parquet" });
  expect(isOwn(parseOwnedName(name)!)).toBe(true);
  expect(ownedName("run", "x")).not.toBe(ownedName("run", "x"));
  for (const other of ["record.json", "sales.parquet", "a~b.parquet", `${name}/x`]) expect(parseOwnedName(other)).toBeUndefined();
});

it("tells a running process from an ended one, and both from one with the same pid", async () => {
  const child = spawn(process.execPath, [
    "-e",
    "process.stdout.write(require('fs').existsSync('/proc/self/stat') ? require('fs').readFileSync('/proc/self/stat','latin1') : '-'); setInterval(() => {}, 1000)",
  ]);
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  const text = output.toString("latin1");
  const start = text === "-" ? "0" : text.slice(text.lastIndexOf(")") + 2).split(" ")[19]!;
  const owner = { host: thisProcess().host, pid: child.pid!, start };
  expect(hasEnded(owner)).toBe(false);
  if (text !== "-") expect(hasEnded({ ...owner, start: "1" })).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(hasEnded(owner)).toBe(true);
  expect(hasEnded(thisProcess())).toBe(false);
});

it("takes what another machine made for left behind only when it is old", () => {
  const far = { host: "elsewhere", pid: 1, start: "1" };
  expect(hasEnded(far)).toBe("unknown");
  expect(isLeftBehind(far, 0, cleanupAfter - 1)).toBe(false);
  expect(isLeftBehind(far, 0, cleanupAfter + 1)).toBe(true);
});
