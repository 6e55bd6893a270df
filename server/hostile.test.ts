import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CancellationTokenSource, type DocumentSymbol, type Location, ResponseError } from "vscode-languageserver/node";
import { type GraphDelta, graphChanged, statusChanged } from "../runtime/src/model/graph.ts";
import { createDocuments } from "./documents.ts";
import { nodeDisk } from "./index/files.ts";
import { parseFacts } from "./index/parse.ts";
import { uriOfPath } from "./index/paths.ts";
import { startClient, type TestClient, type TestClientOptions } from "./testing/client.ts";
import { createValidator, metaModelPath } from "./testing/meta-model.ts";
import { type Place, questions } from "./testing/questions.ts";
import { createRandom } from "./testing/random.ts";

const model = metaModelPath(process.cwd(), process.env);
const validator = model === undefined ? undefined : createValidator(model);

/** What is wrong with the server's messages; what the client sends here is wrong on purpose. */
const mistakes: string[] = [];
const check: TestClientOptions["spy"] = (sender, message) => {
  if (!validator) return;
  const before = validator.mistakes.length;
  validator.check(sender, message);
  if (sender === "server") mistakes.push(...validator.mistakes.slice(before));
};

const head = 'import { asset } from "sluice";\n';
const good = `${head}export const good = asset("good", { run: () => 1 });\nexport const reader = asset("reader", { deps: ["good"], run: () => 1 });\n`;
const config = `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["**/*.{ts,tsx}"], targets: { local: {} }, defaultTarget: "local" });
`;

let folder: string;
let running: TestClient[] = [];

const uri = (name: string) => uriOfPath(path.posix.join(folder, name));
const write = (name: string, content: string | Buffer) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), content);
};
const start = async (options: Partial<TestClientOptions> = {}): Promise<TestClient> => {
  const client = await startClient({
    folders: [uriOfPath(folder)],
    spy: check,
    ...options,
  });
  running.push(client);
  await client.settled();
  return client;
};

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-hostile-")));
  write("sluice.config.ts", config);
  write("good.ts", good);
});
afterEach(async () => {
  for (const client of running) await client.stop();
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

const keys = async (client: TestClient) => (await client.graph()).assets.map(({ key }) => key);

/** Every question that there is, about one place; gives the answers, and fails where something other than an answer or a refusal comes. */
async function askAll(client: TestClient, place: Place): Promise<Readonly<Record<string, unknown>>> {
  const all = await questions(client.ask, client.initialized.capabilities, place);
  expect(all.length).toBeGreaterThan(15);
  const answers = await Promise.all(
    all.map(async ({ method, ask }) => {
      const answer = await ask().catch((error: unknown) => {
        expect(error).toBeInstanceOf(ResponseError);
        // Not an exception of ours that nobody foresaw.
        expect((error as ResponseError<void>).message).not.toMatch(/failed with message|undefined|null|not a function/);
        return "refused";
      });
      return [method, answer] as const;
    }),
  );
  return Object.fromEntries(answers);
}

/** The server still knows what it knew, and answers about it. */
async function expectWell(client: TestClient): Promise<void> {
  expect(await keys(client)).toEqual(expect.arrayContaining(["good", "reader"]));
  const place = { textDocument: { uri: uri("good.ts") }, position: { line: 2, character: 48 } };
  expect(await client.ask<Location[]>("textDocument/definition", place)).toMatchObject([{ targetUri: uri("good.ts") }]);
}

const isEmpty = (answer: unknown): boolean => {
  if (answer === null || answer === "refused") return true;
  if (Array.isArray(answer)) return answer.length === 0;
  return Object.values(answer as object).every((part) => !Array.isArray(part) || part.length === 0);
};

const origin = { line: 0, character: 0 };

describe("uris that lead nowhere", () => {
  it.each([
    "untitled:Untitled-1",
    "http://example.org/a.ts",
    "vscode-notebook-cell:/a.ipynb#x",
    "",
    "garbage",
    "file:",
    "file://",
    "file:///",
    "file:///%",
    "file:///%zz/a.ts",
    "file:///a%00b.ts",
    "file:///%ff%fe.ts",
    "file://other-machine/share/a.ts",
    "file:///C:/Users/a.ts",
    "file:///c%3A/Users/a.ts",
    "file:///../../etc/a.ts",
    "file:///a.ts?query#fragment",
    `file:///${"long/".repeat(2000)}a.ts`,
  ])("%s is opened, edited, asked about, reported and closed", async (bad) => {
    const client = await start();
    const ofDocument = async () => {
      const answers = await askAll(client, { uri: bad, position: origin });
      for (const method of Object.keys(answers))
        if (method.startsWith("textDocument/")) expect([method, isEmpty(answers[method])]).toEqual([method, true]);
    };
    await ofDocument();
    await client.open(bad, "export const x = 1;\n");
    await client.edit(bad, 2, "export const y = 1;\n");
    await ofDocument();
    await client.connection.sendNotification("textDocument/didSave", { textDocument: { uri: bad } });
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: bad } });
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [1, 2, 3, 99].map((type) => ({ uri: bad, type })) });
    await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", { event: { added: [], removed: [{ uri: bad, name: "bad" }] } });
    await client.connection.sendNotification(statusChanged, { project: bad, statuses: [], running: [], trusted: true });
    await expectWell(client);
  });

  it("are no folders of the workspace", async () => {
    const client = await start({
      folders: ["http://example.org/", "file:///%zz", "garbage", uri("no-such-folder"), uri("good.ts"), uriOfPath(folder)],
    });
    await expectWell(client);
  });
});

describe("files that are no sources", () => {
  const lines200k = `${good}${"// a line of a long generated file\n".repeat(200_000)}`;
  const tenMegabytes = `${good}export const data = "${"x".repeat(10_000_000)}";\n`;

  it("of 10 MB or 200,000 lines are passed over on disk, and in the editor cost little with each edit", async () => {
    write("huge.ts", tenMegabytes.replaceAll('"good"', '"huge"'));
    write("long.ts", lines200k.replaceAll('"good"', '"long"'));
    const client = await start();
    expect(await keys(client)).not.toContain("huge");
    expect(await keys(client)).not.toContain("long");
    for (const [name, text] of [
      ["huge.ts", tenMegabytes],
      ["long.ts", lines200k],
    ] as const) {
      await client.open(uri(name), text.replaceAll('"good"', `"${name.slice(0, 4)}"`).replace("reader", "other"));
      const before = process.cpuUsage();
      for (let version = 2; version < 22; version++) {
        await client.connection.sendNotification("textDocument/didChange", {
          textDocument: { uri: uri(name), version },
          contentChanges: [{ range: { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } }, text: "\n" }],
        });
        await askAll(client, { uri: uri(name), position: { line: version, character: 30 } });
      }
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 20_000).toBeLessThan(150);
    }
    await expectWell(client);
  }, 60_000);

  it("that vanish between being listed, looked at and read are not there", async () => {
    for (const name of ["before-stamp.ts", "after-stamp.ts"]) write(name, good.replaceAll("good", "ghost"));
    const vanish = (name: string) => rmSync(path.join(folder, name), { force: true });
    const client = await start({
      server: {
        disk: {
          ...nodeDisk,
          stamp: (file) => {
            if (file.endsWith("before-stamp.ts")) vanish("before-stamp.ts");
            const stamp = nodeDisk.stamp(file);
            if (file.endsWith("after-stamp.ts")) vanish("after-stamp.ts");
            return stamp;
          },
        },
      },
    });
    expect(await keys(client)).not.toContain("ghost");
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
      changes: [1, 2].flatMap((type) => ["before-stamp.ts", "after-stamp.ts", "never.ts"].map((name) => ({ uri: uri(name), type }))),
    });
    await askAll(client, { uri: uri("after-stamp.ts"), position: origin });
    await expectWell(client);
  });

  it("that hold no text are read as text without assets", async () => {
    const random = createRandom(3);
    const noise = Buffer.from(Array.from({ length: 50_000 }, () => random.below(256)));
    write("video.ts", Buffer.concat([noise, Buffer.from('import { asset } from "sluice";'), noise]));
    write("zeros.ts", Buffer.concat([Buffer.from('"sluice"'), Buffer.alloc(1_000_000)]));
    write("utf16.ts", Buffer.from(`\uFEFF${good.replaceAll("good", "wide")}`, "utf16le"));
    const client = await start();
    for (const name of ["video.ts", "zeros.ts", "utf16.ts"]) await askAll(client, { uri: uri(name), position: origin });
    expect((await keys(client)).toSorted()).toEqual(["good", "reader"]);
    await expectWell(client);
  });

  it("that link to themselves, to each other or to the folder that holds them are read once", async () => {
    const link = (target: string, name: string) => symlinkSync(target, path.join(folder, name));
    mkdirSync(path.join(folder, "deep"));
    link("self.ts", "self.ts");
    link("two.ts", "one.ts");
    link("one.ts", "two.ts");
    link(folder, "deep/up");
    link("deep", "again");
    const client = await start();
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
      changes: ["self.ts", "one.ts", "deep/up", "again", "deep/up/deep/up/good.ts"].map((name) => ({ uri: uri(name), type: 1 })),
    });
    await askAll(client, { uri: uri("self.ts"), position: origin });
    await expectWell(client);
    expect((await keys(client)).filter((key) => key === "reader").length).toBeLessThanOrEqual(2);
  });

  it("that may not be read are not there, and come when they may", async () => {
    write("closed/a.ts", good.replaceAll("good", "closed").replace('"reader"', '"closed_reader"'));
    let mayRead = false;
    const allows = (file: string) => mayRead || !file.includes("/closed");
    const client = await start({
      server: {
        disk: {
          ...nodeDisk,
          list: (file) => (allows(file) ? nodeDisk.list(file) : []),
          read: (file) => (allows(file) ? nodeDisk.read(file) : undefined),
          readText: (file) => (allows(file) ? nodeDisk.readText(file) : undefined),
        },
      },
    });
    expect(await keys(client)).not.toContain("closed");
    await askAll(client, { uri: uri("closed/a.ts"), position: { line: 1, character: 30 } });
    await expectWell(client);
    mayRead = true;
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [{ uri: uri("closed/a.ts"), type: 2 }] });
    await client.until<GraphDelta>(graphChanged, ({ changed }) => changed.some(({ key }) => key === "closed"));
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")("that the operating system closes are not there", async () => {
    write("closed/a.ts", good.replaceAll("good", "closed"));
    chmodSync(path.join(folder, "closed"), 0o000);
    try {
      const client = await start();
      expect(await keys(client)).not.toContain("closed");
      await expectWell(client);
    } finally {
      chmodSync(path.join(folder, "closed"), 0o700);
    }
  });
});

describe("texts that nobody would write", () => {
  const nested = (open: string, close: string, middle = "1") =>
    `${head}export const deep = ${open.repeat(10_000)}${middle}${close.repeat(10_000)};\n`;
  it.each([
    ["10,000 parentheses", nested("(", ")")],
    ["10,000 parentheses left open", nested("(", "")],
    ["10,000 arrays", nested("[", "]")],
    ["10,000 objects", nested("{ a: ", "}")],
    ["10,000 templates", nested("`${", "}`")],
    ["10,000 functions", nested("() => ", "")],
    ["10,000 calls of asset", nested('asset("x", { inputs: { x: ', "} })")],
    ["10,000 blocks", `${head}${"{".repeat(10_000)}${"}".repeat(10_000)}`],
    ["10,000 types", `${head}type Deep = ${"Array<".repeat(10_000)}1${">".repeat(10_000)};\n`],
    ["10,000 elements", `${head}export const deep = ${"<a>".repeat(10_000)}${"</a>".repeat(10_000)};\n`],
    ["100,000 open quotes", `${head}${'"`'.repeat(100_000)}`],
    ["5,000 keys on one line", `${head}export const wide = asset("wide", { deps: [${'"good", '.repeat(5_000)}] });\n`],
  ])(
    "%s are read from disk, opened and edited",
    async (_, text) => {
      write("nested.tsx", text);
      const client = await start();
      await client.open(uri("nested.tsx"), text);
      const before = process.cpuUsage();
      await askAll(client, { uri: uri("nested.tsx"), position: { line: 1, character: 15_000 } });
      await client.connection.sendNotification("textDocument/didChange", {
        textDocument: { uri: uri("nested.tsx"), version: 2 },
        contentChanges: [{ range: { start: { line: 1, character: 9000 }, end: { line: 1, character: 9000 } }, text: "(" }],
      });
      await askAll(client, { uri: uri("nested.tsx"), position: { line: 1, character: 9001 } });
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1e6).toBeLessThan(10);
      await expectWell(client);
      await client.edit(uri("nested.tsx"), 3, good.replaceAll('"good"', '"mended"').replace('"reader"', '"other"'));
      expect(await keys(client)).toContain("mended");
    },
    60_000,
  );

  it("are placed as the protocol counts: CRLF, CR, a byte order mark, pairs and halves of surrogates", async () => {
    const text = `\uFEFF// \u{1F600}\r\n${head.trimEnd()}\r/* \uD83D */ export const odd = asset("od\\u{64}", { description: "\uDE00", deps: ["good"] });\r\n`;
    write("odd.ts", text.replaceAll(/\p{Surrogate}/gu, "?"));
    const client = await start();
    const line = text.split(/\r\n|\r|\n/)[2]!;
    const expectPlaces = async () => {
      const key = { start: { line: 2, character: line.indexOf('"good"') + 1 }, end: { line: 2, character: line.indexOf('"good"') + 5 } };
      const found = await client.ask<Location[]>("textDocument/references", {
        textDocument: { uri: uri("good.ts") },
        position: { line: 1, character: 30 },
        context: { includeDeclaration: false },
      });
      const [range] = found.filter((each) => each.uri === uri("odd.ts")).map((each) => each.range);
      expect(range?.start.line).toBe(2);
      expect(line.slice(range?.start.character, range?.end.character)).toMatch(/^"?good"?$/);
      await askAll(client, { uri: uri("odd.ts"), position: key.start });
    };
    await expectPlaces();
    await client.open(uri("odd.ts"), text);
    await expectPlaces();
    await expectWell(client);
  });
});

describe("positions and edits that fit no text", () => {
  const far = 2 ** 31 - 1;
  const positions = [
    { line: far, character: 0 },
    { line: 0, character: far },
    { line: far, character: far },
    { line: -1, character: 0 },
    { line: 0, character: -1 },
    { line: -far, character: -far },
    { line: 1.5, character: 0.5 },
  ];
  it.each(positions)("are answered: $line:$character", async (position) => {
    const client = await start();
    for (const name of ["good.ts", "sluice.config.ts", "gone.ts"]) {
      await askAll(client, { uri: uri(name), position });
      await askAll(client, { uri: uri(name), position, range: { start: position, end: origin } });
    }
    await client.open(uri("good.ts"), good);
    await askAll(client, { uri: uri("good.ts"), position, range: { start: { line: 0, character: 0 }, end: position } });
    await expectWell(client);
  });

  it.each(["x", null, undefined, {}])("that are no numbers (%s) are refused or answered, and nothing more", async (odd) => {
    const client = await start();
    const all = await questions(client.ask, client.initialized.capabilities, {
      uri: uri("good.ts"),
      position: { line: odd, character: odd } as unknown as Place["position"],
    });
    for (const { ask } of all) await ask().catch(() => undefined);
    for (const params of [undefined, null, {}, { textDocument: null }, [], "x"]) {
      // A lens that is resolved is the client's own, with what it lacked.
      for (const { method } of all) if (method !== "codeLens/resolve") await client.ask(method, params).catch(() => undefined);
    }
    await expectWell(client);
  });

  it("leave the text as the protocol says, and the index in step with it", () => {
    const random = createRandom(11);
    const numbers = [0, 1, 2, 3, 8, 30, 60, -1, -far, far, far + 1];
    const place = () => ({ line: random.pick(numbers), character: random.pick(numbers) });
    const documents = createDocuments();
    const name = "file:///project/a.ts";
    documents.open(name, 1, good);
    for (let version = 2; version < 1000; version++) {
      const changes = Array.from({ length: 1 + random.below(3) }, () => ({
        range: { start: place(), end: place() },
        text: random.pick(["", "\n", "\r\n", "x", '"', "(", "asset(", good]),
      }));
      documents.change(name, version, version % 50 === 0 ? [{ text: good }] : changes);
      const text = documents.text("/project/a.ts")!;
      if (text.length > 5000) documents.change(name, version, [{ text: good }]);
      else expect(documents.facts("/project/a.ts", undefined, true)).toEqual(parseFacts("/project/a.ts", text));
    }
  });
});

describe("messages out of order", () => {
  const symbols = async (client: TestClient, name = "good.ts") =>
    (await client.ask<DocumentSymbol[]>("textDocument/documentSymbol", { textDocument: { uri: uri(name) } })).map((each) => each.name);

  it("edits, saves and closings of what was never opened change nothing", async () => {
    const client = await start();
    await client.edit(uri("good.ts"), 5, "");
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: uri("good.ts") } });
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: uri("never.ts") } });
    await client.connection.sendNotification("textDocument/didSave", { textDocument: { uri: uri("never.ts") } });
    await expectWell(client);
  });

  it("a document opened twice, and versions that stand still or go backwards: the text sent last counts", async () => {
    const client = await start();
    const named = (name: string) => good.replace('"good", {', `"${name}", {`);
    await client.open(uri("good.ts"), named("first"), 7);
    await client.open(uri("good.ts"), named("second"), 3);
    expect(await symbols(client)).toContain("second");
    await client.edit(uri("good.ts"), 3, named("third"));
    expect(await symbols(client)).toContain("third");
    await client.edit(uri("good.ts"), 1, named("fourth"));
    expect(await symbols(client)).toContain("fourth");
    await client.edit(uri("good.ts"), 2, good);
    await expectWell(client);
  });

  it("unknown methods are refused, unknown notifications and cancellations passed over", async () => {
    const client = await start();
    await expect(client.ask("sluice/noSuchThing", {})).rejects.toMatchObject({ code: -32_601 });
    await expect(client.ask("$/noSuchThing", {})).rejects.toMatchObject({ code: -32_601 });
    await client.connection.sendNotification("sluice/noSuchThing", {});
    for (const id of [0, 99_999, -1, "x", null]) await client.connection.sendNotification("$/cancelRequest", { id });
    for (const method of [
      "textDocument/didOpen",
      "textDocument/didChange",
      "textDocument/didClose",
      "workspace/didChangeWatchedFiles",
      statusChanged,
    ]) {
      for (const params of [null, {}, { textDocument: null }, { textDocument: {} }, { changes: [null] }])
        await client.connection.sendNotification(method, params);
    }
    await expectWell(client);
  });

  it("no question is answered after shutdown, and every one is refused", async () => {
    const client = await start();
    await client.open(uri("good.ts"), good);
    const all = await questions(client.ask, client.initialized.capabilities, { uri: uri("good.ts"), position: { line: 2, character: 48 } });
    await client.ask("shutdown");
    const codes = await Promise.all(all.map(({ ask }) => ask().catch((error: ResponseError<void>) => error.code)));
    expect(new Set(codes)).toEqual(new Set([-32_600]));
  });

  it("of 1,000 questions at once none is lost, those cancelled are not computed, and none is answered from an older text than one before it", async () => {
    const client = await start();
    await client.open(uri("good.ts"), good, 1);
    const sources = Array.from({ length: 1000 }, () => new CancellationTokenSource());
    const asked = sources.map(({ token }, index) => {
      if (index > 0 && index % 100 === 0) void client.edit(uri("good.ts"), index, good.replace('"good", {', `"v${index}", {`));
      return client.connection
        .sendRequest<DocumentSymbol[]>("textDocument/documentSymbol", { textDocument: { uri: uri("good.ts") } }, token)
        .then(([first]) => first!.name)
        .catch((error: ResponseError<void>) => error.code);
    });
    for (const [index, source] of sources.entries()) if (index % 2 === 1) source.cancel();
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === -32_800)).toHaveLength(500);
    const kept = answers.filter((_, index) => index % 2 === 0);
    for (const [at, answer] of kept.entries()) {
      const version = Math.floor((at * 2) / 100) * 100;
      expect([version === 0 ? "good" : `v${version}`, -32_801]).toContain(answer);
    }
    expect(kept.filter((answer) => typeof answer === "string").length).toBeGreaterThan(300);
    expect(kept.at(-1)).toBe("v900");
  });
});

describe("an initialization that fits nothing", () => {
  it.each([null, "x", 7, [], { features: null }, { features: "x" }, { storagePath: null }, { storagePath: 7, docs: 7 }, { storagePath: "\0" }])(
    "options %j count as none",
    async (initializationOptions) => {
      const client = await start({ initializationOptions: initializationOptions as TestClientOptions["initializationOptions"] & object });
      await expectWell(client);
    },
  );
});

// Last: over every message that the server sent above.
describe("every message of the server", () => {
  it.runIf(validator)("fits the protocol's meta model", () => {
    expect(validator!.checked()).toBeGreaterThan(200);
    expect(mistakes).toEqual([]);
  });
  it.skipIf(validator)("was left out: no meta model of the protocol at hand (SLUICE_LSP_METAMODEL)", () => {});
});
