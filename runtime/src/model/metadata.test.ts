import { describe, expect, it } from "vitest";
import { escapeMarkdown, tameMarkdown } from "./markdown.ts";
import { metadataLines, metadataMarkdown } from "./metadata.ts";

describe("metadata as markdown", () => {
  it("shows numbers, links, tables and texts as what they are", () => {
    const text = metadataMarkdown({
      bytes: 1_240_000,
      score: 0.125,
      note: { type: "markdown", text: "**bold** words" },
      source: { type: "link", url: "https://example.com/a?b=1", text: "the source" },
      worst: { type: "table", lines: [{ day: "2026-01-01", loss: 3 }, { day: "2026-01-02" }] },
      columns: [{ name: "id", type: "BIGINT" }],
    });
    expect(text).toContain("bytes: 1\\.24 MB");
    expect(text).toContain("score: 0\\.125");
    expect(text).toContain("note:\n\n**bold** words");
    expect(text).toContain("source: [the source](<https://example.com/a?b=1>)");
    expect(text).toContain("| day | loss |\n| --- | --- |\n| 2026\\-01\\-01 | 3 |\n| 2026\\-01\\-02 |  |");
    expect(text).toContain("columns: id BIGINT");
  });

  it("makes nothing of what looks like markdown, links or tables in plain texts", () => {
    expect(metadataMarkdown({ "[a](command:x)": "![i](https://evil) **b** <img src=x>" })).toBe(
      `${escapeMarkdown("[a](command:x)")}: ${escapeMarkdown("![i](https://evil) **b** <img src=x>")}`,
    );
    expect(metadataMarkdown({ a: { type: "link", url: "command:workbench.action.terminal.new", text: "go" } })).not.toMatch(/(?<!\\)\]\(|(?<!\\)</);
    expect(
      metadataMarkdown({ t: { type: "table", lines: [{ a: "x | y\n| z" }] } })
        .split("\n")
        .at(-1),
    ).toBe("| x \\| y \\| z |");
  });

  it("fetches nothing and runs nothing in a text that asks to be shown as markdown", () => {
    const shown = (text: string) => metadataMarkdown({ note: { type: "markdown", text } });
    for (const image of [
      "![a](https://evil/x.png)",
      "\\![a](https://evil/x.png)",
      "[![a](https://evil/x.png)](https://b)",
      "![a][r]\n\n[r]: https://evil",
    ])
      expect(shown(image)).not.toMatch(/!\[/);
    for (const link of ["[a](command:x)", "[a]( <command:x>)", "[a](file:///etc)", "[a](COMMAND:x)", "[a](\ncommand:x)"])
      expect(shown(link)).not.toMatch(/\]\(/);
    expect(shown("> [r]: command:x")).not.toMatch(/\]:\s*command/);
    expect(shown("<command:x>")).not.toMatch(/<command/);
    expect(shown("[ok](https://example.com)")).toContain("[ok](https://example.com)");
  });

  it("ends a code block that was left open", () => {
    expect(tameMarkdown("```ts\nconst a = 1;")).toBe("```ts\nconst a = 1;\n```");
    expect(tameMarkdown("```\na\n```")).toBe("```\na\n```");
  });
});

describe("metadata as lines", () => {
  it("is one line for each entry", () => {
    expect(
      metadataLines({
        note: { type: "markdown", text: "two\nlines" },
        source: { type: "link", url: "https://example.com", text: "here" },
        bad: { type: "link", url: "command:x", text: "go" },
        worst: { type: "table", lines: [{ a: 1, b: "x" }] },
        bytes: 12,
        nested: { a: [1, null] },
      }),
    ).toEqual([
      { name: "note", text: "two lines" },
      { name: "source", text: "here", url: "https://example.com" },
      { name: "bad", text: "go" },
      { name: "worst", text: "1 | x" },
      { name: "bytes", text: "12 B" },
      { name: "nested", text: '{"a":[1,null]}' },
    ]);
  });
});
