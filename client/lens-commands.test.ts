import { expect, it } from "vitest";
import { createLensCommands } from "./lens-commands.ts";

function setUp() {
  const registered = new Map<string, () => unknown>();
  const executed: unknown[] = [];
  const commands = createLensCommands({
    register(id, run) {
      if (registered.has(id)) throw new Error(`command '${id}' already exists`);
      registered.set(id, run);
      return { dispose: () => registered.delete(id) };
    },
    execute: (...call) => executed.push(call),
  });
  return { registered, executed, commands };
}
const lens = (key: string, title = "Preview") => ({ title, command: "sluice.preview", arguments: [{ project: "file:///p", key }] });

it("a lens of a list that is gone still runs its asset: its command has no arguments to lose", () => {
  const { registered, executed, commands } = setUp();
  const former = commands.of(lens("a"));
  const other = commands.of(lens("b"));
  const next = commands.of(lens("a", "Preview now"));
  expect(former).toEqual({ title: "Preview", command: next.command });
  expect(next.title).toBe("Preview now");
  expect(other.command).not.toBe(former.command);
  registered.get(former.command)?.();
  registered.get(other.command)?.();
  expect(executed).toEqual([
    ["sluice.preview", { project: "file:///p", key: "a" }],
    ["sluice.preview", { project: "file:///p", key: "b" }],
  ]);
  commands.dispose();
  expect(registered.size).toBe(0);
});

it("a command without arguments stays as it is", () => {
  const { commands } = setUp();
  const trust = { title: "Trust", command: "workbench.trust.manage" };
  expect(commands.of(trust)).toBe(trust);
});
