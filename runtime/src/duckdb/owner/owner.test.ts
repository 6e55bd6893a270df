import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SluiceError } from "../../model/errors.ts";
import { engineError } from "../errors.ts";
import { type System, thisSystem } from "../processes.ts";
import { askOwner } from "./ask.ts";
import { type Door, type DoorOptions, openDoor } from "./door.ts";
import { frameOf, frameParser } from "./frames.ts";
import { endpointOf, fileKey, isPrivate, type PlaceSystem, runtimeFolders } from "./places.ts";
import { findOwners, newRecord, type Owner } from "./record.ts";
import { spool } from "./spool.ts";
import { meetLock } from "./wait.ts";

const file = "/data/sales.duckdb";
let folder: string;
let place: PlaceSystem;
let doors: Door[];
let sockets: Socket[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-owner-"));
  place = { platform: process.platform, user: process.getuid?.(), environment: { XDG_RUNTIME_DIR: folder, LOCALAPPDATA: folder } };
  doors = [];
  sockets = [];
});
afterEach(() => {
  for (const door of doors) door.close();
  for (const socket of sockets) socket.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** This process, seen as another one would be. */
const system: System = thisSystem();
async function open(options: Partial<DoorOptions> = {}): Promise<Owner> {
  const door = await openDoor({ path: file, offer: async () => "busy", answer: () => undefined, system, place, ...options });
  expect(door).toBeDefined();
  doors.push(door!);
  const [owner] = findOwners(file, system, place);
  expect(owner).toBeDefined();
  return owner!;
}
/** Sends bytes as they are; what the other side said until it closed the connection. */
const raw = (owner: Owner, ...pieces: readonly Uint8Array[]): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(owner.endpoint);
    sockets.push(socket);
    let said = "";
    socket.on("error", () => undefined); // Cut while sending: what counts is what it said.
    socket.on("data", (piece: Buffer) => {
      said += piece.toString("latin1");
    });
    socket.on("close", () => resolve(said));
    for (const piece of pieces) socket.write(piece);
  });
const request = (owner: Owner, more: object = {}) => frameOf({ json: { sluice: 1, path: owner.path, token: owner.token, ...more } });

describe("the place of a socket", () => {
  it("is the same for one file and different for two, and a pipe on Windows, where case does not matter", () => {
    const windows = { platform: "win32" } as const;
    expect(fileKey("/a/b.duckdb", { platform: "linux" })).toBe(fileKey("/a/b.duckdb", { platform: "linux" }));
    expect(fileKey("/a/b.duckdb", { platform: "linux" })).not.toBe(fileKey("/a/B.duckdb", { platform: "linux" }));
    expect(fileKey("C:\\Data\\b.duckdb", windows)).toBe(fileKey("c:\\data\\B.duckdb", windows));
    expect(endpointOf("C:\\Users\\Ada\\AppData\\Local\\sluice", "abc.1.2", windows)).toBe("\\\\.\\pipe\\sluice-abc.1.2");
    expect(runtimeFolders({ platform: "win32", environment: { LOCALAPPDATA: "C:\\Local" }, user: undefined })).toEqual(["C:\\Local\\sluice"]);
  });
  it("is never a path that would be cut", () => {
    const name = `${fileKey(file, place)}.4194304.01234567`;
    expect(endpointOf("/run/user/1000/sluice", name, { platform: "linux" })).toMatch(/^\/run\/user\/1000\/sluice\/.*\.sock$/);
    for (const length of [30, 60, 90, 120]) {
      const found = endpointOf(`/${"ü".repeat(length)}`, name, { platform: "darwin" });
      if (found !== undefined) expect(Buffer.byteLength(found)).toBeLessThanOrEqual(103);
      else expect(Buffer.byteLength(`/${"ü".repeat(length)}/${name}.sock`)).toBeGreaterThan(103);
    }
  });
  it("is looked for where any process of the user may have put it", () => {
    const found = runtimeFolders({ platform: "linux", environment: { XDG_RUNTIME_DIR: "/run/user/7" }, user: 7 });
    expect(found).toEqual(["/run/user/7/sluice", "/tmp/sluice-7"]);
    expect(runtimeFolders({ platform: "linux", environment: {}, user: 7 })).toEqual(found);
  });
  it.skipIf(process.platform === "win32")("is a folder and a record that only this user reads", async () => {
    await open();
    expect(statSync(join(folder, "sluice")).mode & 0o777).toBe(0o700);
    const [record] = readdirSync(join(folder, "sluice")).filter((name) => name.endsWith(".json"));
    expect(statSync(join(folder, "sluice", record!)).mode & 0o777).toBe(0o600);
  });
  it.skipIf(process.platform === "win32")("is no folder that others may enter, and no link", () => {
    mkdirSync(join(folder, "open"), { mode: 0o755 });
    chmodSync(join(folder, "open"), 0o755);
    mkdirSync(join(folder, "own"), { mode: 0o700 });
    symlinkSync(join(folder, "own"), join(folder, "link"));
    expect(["open", "own", "link", "missing"].map((name) => isPrivate(join(folder, name), place))).toEqual([false, true, false, false]);
    expect(isPrivate(join(folder, "own"), { ...place, user: 4_000_000 })).toBe(false);
  });
});

describe("an owner", () => {
  it("says nothing to a wrong token, another path, garbage, a frame too long, or a second request, and goes on", async () => {
    const asked: unknown[] = [];
    const owner = await open({
      answer:
        () =>
        async (question, { head }) => {
          asked.push(question);
          await head("ours");
        },
    });
    const question = { question: 1 };
    const wrong: readonly (readonly Uint8Array[])[] = [
      request({ ...owner, token: "" }, question),
      request({ ...owner, token: `${owner.token.slice(0, -1)}_` }, question),
      request({ ...owner, path: "/data/other.duckdb" }, question),
      frameOf({ json: null }),
      frameOf({ json: { sluice: 2, path: owner.path, token: owner.token } }),
      frameOf({ json: { sluice: 1, path: owner.path, token: 7 } }),
      frameOf({ bytes: Buffer.from("{}") }),
      [Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
      [Buffer.from([0, 0, 0, 3, 0x4a, 0x7b, 0x7b, 0x7b])],
      [Buffer.from([0xff, 0xff, 0xff, 0xff, 0x4a])],
    ];
    for (const pieces of wrong) expect(await raw(owner, ...pieces)).toBe("");
    expect(asked).toEqual([]);
    const twice = await raw(owner, Buffer.concat([...request(owner, question), ...request(owner, question)]));
    expect(twice).toBe("");
    const outcome = await askOwner(owner, { question: 1, limit: 60_000 });
    expect(outcome).toMatchObject({ kind: "answered", answered: { json: "ours" } });
    if (outcome.kind === "answered") outcome.answered.close();
    expect(asked).toEqual([1]);
  });

  it("cuts those that ask nothing, and those that take nothing of what they asked for", async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const owner = await open({
      limits: { request: 20, stall: 20 },
      answer:
        () =>
        async (_, { bytes }) => {
          try {
            for (;;) await bytes(Buffer.alloc(1024 * 1024));
          } finally {
            end();
          }
        },
    });
    expect(await raw(owner)).toBe("");
    const stuck = connect(owner.endpoint);
    sockets.push(stuck);
    stuck.on("error", () => undefined);
    stuck.pause();
    const cut = new Promise((resolve) => stuck.on("close", resolve));
    for (const piece of request(owner, { question: 1 })) stuck.write(piece);
    await ended;
    stuck.resume();
    await cut;
    expect(stuck.destroyed).toBe(true);
  });

  it("ends the work for an asker that has gone away", async () => {
    let begun = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let ended = () => {};
    const ending = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const owner = await open({
      answer: () => (_, __, signal) => {
        begun();
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            ended();
            reject(new Error("cancelled"));
          }),
        );
      },
    });
    const controller = new AbortController();
    const asking = askOwner(owner, { question: 1, limit: 60_000, signal: controller.signal });
    await beginning;
    controller.abort();
    await expect(asking).rejects.toMatchObject({ code: "run/cancelled" });
    await ending;
  });

  it("passes on what went wrong with a question, in words alone", async () => {
    const owner = await open({
      answer: () => async () => {
        throw new SluiceError("io/not-found", "Nothing is stored.", { hint: "Materialize it.", asset: "a", cause: new Error("secret") });
      },
    });
    const asking = askOwner(owner, { question: 1, limit: 60_000 });
    await expect(asking).rejects.toMatchObject({ code: "io/not-found", message: "Nothing is stored.", hint: "Materialize it.", asset: "a" });
    await expect(asking).rejects.not.toHaveProperty("cause");
  });

  it("tells all who wait when it lets go, and leaves nothing behind", async () => {
    const owner = await open();
    let busy = 0;
    const waiting = [1, 2, 3].map(() =>
      askOwner(owner, {
        limit: 60_000,
        onBusy: () => {
          busy++;
          if (busy === 3) doors.pop()?.close();
        },
      }),
    );
    expect(await Promise.all(waiting)).toEqual([{ kind: "released" }, { kind: "released" }, { kind: "released" }]);
    expect(readdirSync(join(folder, "sluice"))).toEqual([]);
  });
});

describe("one that asks", () => {
  /** A stranger at the place of an owner. */
  async function impostor(answer: (socket: Socket) => void): Promise<{ readonly owner: Owner; readonly close: () => void }> {
    const made = newRecord(file, system, place)!;
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(made.owner.endpoint, resolve));
    made.publish();
    return { owner: made.owner, close: () => void server.close() };
  }
  const say = (json: unknown) => Buffer.concat(frameOf({ json }));

  it.each([
    ["another path", say({ path: "/data/other.duckdb", say: "released" })],
    ["no path", say({ say: "released" })],
    ["garbage", Buffer.from("HTTP/1.1 200 OK\r\n\r\n")],
    ["a word of its own", say(["released"])],
    ["nothing", Buffer.alloc(0)],
  ])("does not believe one that answers with %s", async (_, bytes) => {
    const { owner, close } = await impostor((socket) => socket.end(bytes));
    expect(await askOwner(owner, { limit: 60_000 })).toEqual({ kind: "gone" });
    close();
  });

  it("waits no longer than it said for one that is silent, and says which process that is", async () => {
    const { close } = await impostor(() => undefined);
    const meet = meetLock({ path: file, limit: 30, place, system: { ...system, pid: 1 } });
    const locked = engineError(new Error(`Could not set lock on file: Conflicting lock is held in node (PID ${process.pid})`), { path: file });
    await expect(meet(locked)).rejects.toMatchObject({
      code: "io/locked",
      message: expect.stringMatching(new RegExp(`process ${process.pid}.*did not answer within 30 ms`)),
    });
    close();
  });

  it("gives up at once where the lock is that of a program which is no Sluice", async () => {
    const meet = meetLock({ path: file, limit: 3_600_000, place, system });
    const locked = engineError(new Error("Could not set lock on file: Conflicting lock is held in /usr/bin/dbeaver (PID 77)"), { path: file });
    const tries = async () => {
      for (;;) await meet(locked);
    };
    await expect(tries()).rejects.toBe(locked);
  });

  it("is told when the answer breaks off", async () => {
    const { owner, close } = await impostor((socket) => {
      socket.write(say({ path: file, say: "answering" }));
      socket.write(say({ say: "answer", json: 1 }));
      socket.end(Buffer.concat(frameOf({ bytes: Buffer.from("abc") })));
    });
    const outcome = await askOwner(owner, { question: 1, limit: 60_000 });
    const read = async () => {
      const pieces: string[] = [];
      if (outcome.kind === "answered") for await (const piece of outcome.answered.bytes) pieces.push(Buffer.from(piece).toString());
      return pieces;
    };
    await expect(read()).rejects.toMatchObject({ code: "io/unavailable", message: expect.stringContaining(String(process.pid)) });
    close();
  });

  it("removes what a dead process left, of whatever file, and nothing of a living one or another machine", async () => {
    const living = await open();
    const write = (name: string, more: object) => {
      const { endpoint: _, forget: __, ...record } = { ...living, path: "/data/other.duckdb", ...more };
      writeFileSync(join(folder, "sluice", `${name}.json`), JSON.stringify(record));
      writeFileSync(join(folder, "sluice", `${name}.sock`), "");
    };
    write("abc.1.dead", { pid: 2 ** 30 });
    write("abc.2.recycled", { start: "another" });
    write("abc.3.elsewhere", { host: "another", pid: 2 ** 30 });
    writeFileSync(join(folder, "sluice", "abc.4.garbage.json"), "{");
    expect(findOwners(file, system, place).map(({ endpoint }) => endpoint)).toEqual([living.endpoint]);
    const left = readdirSync(join(folder, "sluice")).filter((name) => name.startsWith("abc."));
    expect(left.sort()).toEqual(["abc.3.elsewhere.json", "abc.3.elsewhere.sock", "abc.4.garbage.json"]);
  });

  it("forgets an owner that nobody listens for any more", async () => {
    const made = newRecord(file, system, place)!;
    made.publish();
    const [owner] = findOwners(file, system, place);
    expect(JSON.parse(readFileSync(owner!.endpoint.replace(".sock", ".json"), "utf8"))).toMatchObject({ path: file });
    expect(await askOwner(owner!, { limit: 60_000 })).toEqual({ kind: "gone" });
    expect(findOwners(file, system, place)).toEqual([]);
  });
});

describe("frames", () => {
  it("come out as they went in, however they are cut", () => {
    const sent = [{ json: { a: "ü" } }, { bytes: Uint8Array.of(1, 2, 3) }, { json: null }, { bytes: new Uint8Array(0) }];
    const stream = Buffer.concat(sent.flatMap((frame) => frameOf(frame as Parameters<typeof frameOf>[0])));
    for (const size of [1, 2, 3, 7, stream.length]) {
      const parse = frameParser(1000);
      const found: unknown[] = [];
      for (let at = 0; at < stream.length; at += size) {
        for (const frame of parse(stream.subarray(at, at + size))) found.push("bytes" in frame ? { bytes: Uint8Array.from(frame.bytes) } : frame);
      }
      expect(found).toEqual(sent);
    }
  });
});

describe("a spool", () => {
  it("takes all of its source while nobody reads, keeps the order, and leaves no file", async () => {
    const pieces = Array.from({ length: 50 }, (_, i) => Buffer.alloc(1000, i));
    let taken = 0;
    let all = () => {};
    const done = new Promise<void>((resolve) => {
      all = resolve;
    });
    async function* source() {
      for (const piece of pieces) {
        taken++;
        yield piece;
      }
      all();
    }
    const spooled = spool(source(), () => undefined, { memory: 3500, folder });
    await done;
    expect(taken).toBe(50);
    const found: Uint8Array[] = [];
    for await (const piece of spooled.pieces) found.push(piece);
    expect(Buffer.concat(found).equals(Buffer.concat(pieces))).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
  it("passes on its source's error after what came before, and can be closed early", async () => {
    async function* broken() {
      yield Buffer.from("a");
      throw new TypeError("broken");
    }
    const found: string[] = [];
    const reading = (async () => {
      for await (const piece of spool(broken(), () => undefined).pieces) found.push(Buffer.from(piece).toString());
    })();
    await expect(reading).rejects.toThrow("broken");
    expect(found).toEqual(["a"]);
    let stopped = () => {};
    async function* endless() {
      yield Buffer.alloc(10);
      await new Promise<void>((_, reject) => {
        stopped = () => reject(new Error("stopped"));
      });
    }
    const other = spool(endless(), () => stopped(), { memory: 1, folder });
    const first = await other.pieces[Symbol.asyncIterator]().next();
    expect(first.value).toHaveLength(10);
    await other.close();
    expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  });
});
