import { describe, expect, it } from "vitest";
import { createValidator, metaModelPath, type RpcMessage, type Sender } from "./meta-model.ts";

const model = metaModelPath(process.cwd(), process.env);

describe("the validator of protocol messages", () => {
  const mistakesOf = (...messages: readonly (readonly [Sender, RpcMessage])[]) => {
    const validator = createValidator(model!);
    for (const [sender, message] of messages) validator.check(sender, message);
    return validator.mistakes;
  };
  const hover = (params: unknown) => ["client", { id: 1, method: "textDocument/hover", params }] as const;
  const right = { textDocument: { uri: "file:///a.ts" }, position: { line: 0, character: 0 } };
  const answer = (result: unknown) => ["server", { id: 1, result }] as const;

  it.runIf(model)("passes what is right", () => {
    expect(mistakesOf(hover(right), answer(null))).toEqual([]);
    expect(mistakesOf(hover(right), answer({ contents: { kind: "markdown", value: "x" } }))).toEqual([]);
    expect(mistakesOf(["server", { method: "sluice/graphChanged", params: 1 }])).toEqual([]);
  });

  it.runIf(model).each<[string, readonly (readonly [Sender, RpcMessage])[]]>([
    ["a missing property", [hover({ textDocument: right.textDocument })]],
    ["a wrong type", [hover({ ...right, position: { line: -1, character: 0 } })]],
    ["an unknown property", [hover({ ...right, more: 1 })]],
    ["a wrong result", [hover(right), answer({ contents: 5 })]],
    ["an unknown method", [["server", { method: "window/whisper", params: {} }]]],
    ["a wrong direction", [["server", { id: 1, method: "textDocument/hover", params: right }]]],
    ["an answer that nobody asked for", [answer(null)]],
    ["neither result nor error", [hover(right), ["server", { id: 1 }]]],
  ])("finds %s", (_, messages) => {
    expect(mistakesOf(...messages)).toHaveLength(1);
  });

  it.skipIf(model)("was left out: no meta model of the protocol at hand (SLUICE_LSP_METAMODEL)", () => {});
});
