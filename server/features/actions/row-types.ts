import { type CodeAction, CodeActionKind, type TextEdit } from "vscode-languageserver/node";
import type { Node } from "../../index/node.ts";
import { uriOfPath } from "../../index/paths.ts";
import type { Statuses } from "../../statuses.ts";
import { differences, memberText, namedRowType, rowTypesOf, type StoredColumn, storedColumns } from "../row-schema.ts";
import { editOf, overlaps, type Site, type Target, textEdit } from "./edits.ts";

/** The whole line that a member stands in, where nothing else does. */
function lineOf(text: string, [start, end]: readonly [number, number]): readonly [number, number] {
  const from = text.lastIndexOf("\n", start - 1);
  const to = text.indexOf("\n", end);
  const isAlone = from >= 0 && to >= 0 && /^\s*(?:readonly\s+)?$/.test(text.slice(from + 1, start)) && /^\s*[;,]?\s*$/.test(text.slice(end, to));
  return isAlone ? [from, to] : [start, end];
}

/** Makes a type say what is stored, and leaves the members that fit as they are. */
function follow(file: Target, index: number, columns: readonly StoredColumn[]): TextEdit[] {
  const fact = file.facts.rowTypes[index]!;
  const edits: TextEdit[] = [];
  const added: string[] = [];
  for (const each of differences(fact, columns)) {
    if (each.kind === "extra") {
      added.push(memberText(each.column));
      continue;
    }
    const member = fact.members.find(({ name }) => name === each.member)!;
    if (each.kind === "missing") {
      const [start, end] = lineOf(file.text, [member.span[0], member.typeSpan[1]]);
      const readonlyStart = file.text.slice(0, start).search(/readonly\s+$/);
      const rest = /^(?:\s*[;,])?/.exec(file.text.slice(end))![0].length;
      edits.push(textEdit(file, start === member.span[0] ? [readonlyStart < 0 ? start : readonlyStart, end + rest] : [start, end], ""));
      continue;
    }
    const empty = member.types.filter((type) => type === "null" || type === "undefined");
    edits.push(textEdit(file, member.typeSpan, [rowTypesOf(each.column!.type)![0]!, ...empty].join(" | ")));
  }
  if (added.length > 0) {
    const body = file.text.slice(...fact.body);
    const isSpread = body.includes("\n") || fact.members.length === 0;
    const last = fact.members.at(-1);
    const at = last ? last.typeSpan[1] + /^(?:\s*[;,])?/.exec(file.text.slice(last.typeSpan[1]))![0].length : fact.body[0];
    const closed = last && !/[;,]\s*$/.test(file.text.slice(last.typeSpan[1], at)) ? ";" : "";
    edits.push(textEdit(file, [at, at], closed + added.map((line) => (isSpread ? `\n  ${line}` : ` ${line}`)).join("") + (last ? "" : "\n")));
  }
  return edits;
}

/** `raw/clean_sales` has rows of `CleanSale`-like names: its last part, as types are written. */
function typeName(key: string, text: string): string {
  const words = key
    .slice(key.lastIndexOf("/") + 1)
    .split(/[^\p{L}\p{Nd}]+/u)
    .filter((word) => word !== "");
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  const base = /^\p{L}/u.test(joined) ? `${joined}Row` : `Row${joined}`;
  let name = base;
  for (let count = 2; new RegExp(`(?<![\\p{L}\\p{Nd}_$])${name}(?![\\p{L}\\p{Nd}_$])`, "u").test(text); count++) name = `${base}${count}`;
  return name;
}

/** Fixes in both directions where a type and a stored table differ, and a type written from a table for an asset that names none. */
export function rowTypeActions(site: Site, statuses: Statuses, textOf: (path: string) => string | undefined): CodeAction[] {
  const { workspace, file, wanted, told, found } = site;
  const actions: CodeAction[] = [];
  const nodes = workspace.nodesIn(file.path).filter((node) => node.member && node.key !== undefined);
  const at = (node: Node) => file.facts.assets[node.index]!;
  for (const node of nodes) {
    const columns = storedColumns(statuses, node);
    const { rowType, keySpan, span, stale } = at(node);
    if (!columns || stale) continue;
    if (rowType && overlaps(rowType.span, wanted) && found.some(({ code }) => code === "io/schema-mismatch")) {
      const type = namedRowType(workspace, node);
      const facts = type && workspace.facts(type.path);
      const text = type && textOf(type.path);
      const diagnostics = told.filter(({ code }) => code === "io/schema-mismatch");
      const kind = CodeActionKind.QuickFix;
      if (type && facts?.parses && text !== undefined) {
        const edits = follow({ path: type.path, text, facts }, node.bound.rowType!.index, columns);
        const edit = { changes: { [uriOfPath(type.path)]: edits } };
        actions.push({ title: `Make ${type.fact.name} what is stored`, kind, diagnostics, isPreferred: true, edit });
      }
      const title = `Materialize "${node.key}", so that the table follows ${type?.fact.name ?? "the type"}`;
      const args = [{ project: uriOfPath(node.scope), key: node.key }];
      actions.push({ title, kind, diagnostics, command: { title, command: "sluice.materialize", arguments: args } });
    } else if (!rowType && overlaps(keySpan, wanted)) {
      const name = typeName(node.key!, file.text);
      const text = `export interface ${name} {\n${columns.map((column) => `  ${memberText(column)}\n`).join("")}}\n\n`;
      const start = file.text.lastIndexOf("\n", span[0] - 1) + 1;
      const edit = editOf(file, [textEdit(file, [start, start], text)]);
      actions.push({ title: `Write the type ${name} from the stored table`, kind: CodeActionKind.RefactorRewrite, edit });
    }
  }
  return actions;
}
