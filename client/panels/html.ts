/** What one webview page is made of. */
export interface PageParts {
  readonly title: string;
  readonly language: string;
  /** `webview.cspSource`. */
  readonly source: string;
  /** Unguessable, new for each page. */
  readonly nonce: string;
  /** Addresses of the page's one script and one style sheet. */
  readonly script: string;
  readonly style: string;
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const attribute = (text: string) => text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign);

/** What a page may load: its own script and styles, images beside them, and nothing from any network. */
export const contentPolicy = (source: string, nonce: string): string =>
  ["default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src ${source} 'nonce-${nonce}'`, `img-src ${source} data:`, `font-src ${source}`].join(
    "; ",
  );

/** The shell of a webview page: policy, one style sheet, one script, an empty root. */
export const pageHtml = ({ title, language, source, nonce, script, style }: PageParts): string => `<!DOCTYPE html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(contentPolicy(source, nonce))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(title)}</title>
<link rel="stylesheet" href="${attribute(style)}">
</head>
<body>
<div id="root"></div>
<script nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>
`;
