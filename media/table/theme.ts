import { themeQuartz } from "ag-grid-community";

const variable = (name: string, otherwise?: string) => `var(--vscode-${name}${otherwise ? `, ${otherwise}` : ""})`;
const line = { style: "solid", width: 1, color: "var(--sluice-line)" } as const;

/** The grid in the editor's own colours. Lengths are numbers, since the grid calculates with them. */
export function gridTheme(sizes: { readonly rowHeight: number; readonly headerHeight: number }) {
  return themeQuartz.withParams({
    backgroundColor: variable("editor-background"),
    dataBackgroundColor: variable("editor-background"),
    foregroundColor: variable("foreground"),
    textColor: variable("foreground"),
    cellTextColor: variable("editor-foreground", "var(--vscode-foreground)"),
    accentColor: variable("focusBorder"),
    borderColor: "var(--sluice-line)",
    chromeBackgroundColor: variable("editor-background"),
    headerBackgroundColor: "var(--sluice-header)",
    headerTextColor: variable("foreground"),
    headerFontWeight: 600,
    rowHoverColor: "var(--sluice-hover)",
    fontFamily: variable("editor-font-family", "monospace"),
    headerFontFamily: variable("font-family", "sans-serif"),
    fontSize: variable("editor-font-size", "13px"),
    headerFontSize: variable("font-size", "13px"),
    rowHeight: sizes.rowHeight,
    headerHeight: sizes.headerHeight,
    spacing: 6,
    cellHorizontalPadding: 8,
    iconSize: 14,
    borderRadius: 0,
    wrapperBorderRadius: 0,
    borderWidth: 1,
    wrapperBorder: false,
    rowBorder: line,
    columnBorder: line,
    headerRowBorder: line,
    headerColumnBorder: line,
    pinnedColumnBorder: line,
    headerColumnResizeHandleColor: "transparent",
    headerCellHoverBackgroundColor: "transparent",
    rangeSelectionBorderColor: variable("focusBorder"),
    focusShadow: "none",
    browserColorScheme: "inherit",
  });
}
