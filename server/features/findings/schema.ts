import { DiagnosticSeverity } from "vscode-languageserver/node";
import { uriOfPath } from "../../index/paths.ts";
import { rangeOf } from "../../index/text.ts";
import type { Statuses } from "../../statuses.ts";
import { differences, namedRowType, storedColumns } from "../row-schema.ts";
import { type Finding, type Inspected, titleOf } from "./finding.ts";

const listed = 3;

/** Where the type that an asset gives its rows is not the stored table's. */
export const schemaFindings =
  (statuses: Statuses) =>
  ({ workspace, path, facts }: Inspected): Finding[] => {
    const found: Finding[] = [];
    for (const node of workspace.nodesIn(path)) {
      const { rowType: at } = facts.assets[node.index]!;
      const columns = node.member ? storedColumns(statuses, node) : undefined;
      const type = at && columns && namedRowType(workspace, node);
      if (!at || !columns || !type || !workspace.parses(type.path)) continue;
      const differing = differences(type.fact, columns);
      if (differing.length === 0) continue;
      const { lines } = workspace.facts(type.path)!;
      const related = differing.flatMap((each) => {
        const member = each.kind === "extra" ? undefined : type.fact.members.find(({ name }) => name === each.member);
        return member ? [{ location: { uri: uriOfPath(type.path), range: rangeOf(lines, member.span) }, message: `${each.text}.` }] : [];
      });
      const more = differing.length > listed ? `, and ${differing.length - listed} more` : "";
      const texts = differing.slice(0, listed).map(({ text }) => text);
      const message = `${type.fact.name} is not what is stored for "${titleOf(workspace, node)}": ${texts.join("; ")}${more}.`;
      found.push({
        code: "io/schema-mismatch",
        severity: DiagnosticSeverity.Warning,
        span: at.span,
        message,
        related,
        data: { key: node.key ?? "" },
      });
    }
    return found;
  };
