import type { CodeAction, Diagnostic } from "vscode-languageserver/node";
import type { Range } from "../../runtime/src/model/graph.ts";
import type { Span } from "../index/facts.ts";
import { offsetAt } from "../index/text.ts";
import { bindingActions } from "./actions/bindings.ts";
import { overlaps, type Site } from "./actions/edits.ts";
import { inputActions } from "./actions/inputs.ts";
import { rowTypeActions } from "./actions/row-types.ts";
import { upstreamActions } from "./actions/upstream.ts";
import type { FeatureContext } from "./context.ts";
import { diagnose } from "./diagnostics.ts";
import { extractActions } from "./extract.ts";

/** What can be done about what is selected: fixes for what is wrong with it, and references for strings. */
export function codeActions(context: FeatureContext, path: string, range: Range, told: readonly Diagnostic[]): CodeAction[] {
  const { workspace, text } = context;
  const facts = workspace.facts(path);
  const content = text(path);
  // A half-typed file has spans that an edit cannot trust.
  if (!facts?.parses || content === undefined) return [];
  const spanOf = ({ start, end }: Range): Span => [offsetAt(facts.lines, start), offsetAt(facts.lines, end)];
  const wanted = spanOf(range);
  const report = diagnose(context, path, context.isSettled());
  const found = report === "wait" ? [] : report.items.filter((each) => overlaps(spanOf(each.range), wanted));
  const site: Site = { workspace, file: { path, text: content, facts }, wanted, told, found };
  return [
    ...upstreamActions(site),
    ...inputActions(site),
    ...bindingActions(site, text),
    ...rowTypeActions(site, context.statuses, text),
    ...extractActions(site),
  ];
}
