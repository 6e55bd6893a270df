import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { type Problem, problemsOf } from "./graph/problems.ts";
import type { Project } from "./project/project.ts";
import type { Projects } from "./project/projects.ts";
import { throttle } from "./views/throttle.ts";

const t = vscode.l10n.t;
const parse = vscode.Uri.parse;
const severities = { error: vscode.DiagnosticSeverity.Error, warning: vscode.DiagnosticSeverity.Warning };

/** Finds an error code's section in the documentation that comes with the extension. */
function documentation(extensionUri: vscode.Uri): (code: string) => Promise<vscode.Uri> {
  const page = vscode.Uri.joinPath(extensionUri, "docs/reference/errors.md");
  let lines: Promise<readonly string[]> | undefined;
  return async (code) => {
    // Without the page the code still shows; its link opens nothing.
    lines ??= readFile(page.fsPath, "utf8").then(
      (text) => text.split("\n"),
      () => [],
    );
    const line = (await lines).indexOf(`## ${code}`) + 1;
    return line > 0 ? page.with({ fragment: `L${line}` }) : page;
  };
}

async function diagnosticOf(problem: Problem, pageOf: (code: string) => Promise<vscode.Uri>): Promise<vscode.Diagnostic> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === problem.uri);
  const known = open && problem.line < open.lineCount ? open.lineAt(problem.line) : undefined;
  const start = problem.column ?? known?.firstNonWhitespaceCharacterIndex ?? 0;
  const range = new vscode.Range(problem.line, start, problem.line, Math.max(start + 1, known?.range.end.character ?? 1000));
  const diagnostic = new vscode.Diagnostic(range, problem.message, severities[problem.severity ?? "error"]);
  diagnostic.source = "sluice";
  diagnostic.code = { value: problem.code, target: await pageOf(problem.code) };
  diagnostic.relatedInformation = problem.related.map(
    (one) => new vscode.DiagnosticRelatedInformation(new vscode.Location(parse(one.uri), new vscode.Position(one.line, 0)), one.message),
  );
  return diagnostic;
}

/** Keeps the Problems view equal to what failed and did not load. */
export function showProblems(projects: Projects, extensionUri: vscode.Uri): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection("sluice");
  const pageOf = documentation(extensionUri);
  let generation = 0;

  const ofProject = (project: Project) =>
    problemsOf(
      {
        graph: project.state.graph(),
        statuses: project.state.statuses().values(),
        errors: project.state.errors(),
        runs: project.state.runs().filter(({ target }) => target === project.targets.current()),
        uriOf: (file) => vscode.Uri.file(file).toString(),
      },
      t,
    );

  async function update(): Promise<void> {
    const mine = ++generation;
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const problem of projects.list().flatMap(ofProject)) {
      const diagnostic = await diagnosticOf(problem, pageOf);
      byFile.set(problem.uri, [...(byFile.get(problem.uri) ?? []), diagnostic]);
    }
    if (mine !== generation) return;
    collection.clear();
    collection.set([...byFile].map(([uri, diagnostics]) => [parse(uri), diagnostics]));
  }
  const soon = throttle(() => void update(), 50);
  const parts = [collection, soon, projects.onDidChange(soon.call), projects.onDidChangeProject(soon.call)];
  return new vscode.Disposable(() => {
    for (const part of parts) part.dispose();
  });
}
