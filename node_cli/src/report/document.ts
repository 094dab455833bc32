// The frame of every page that Offramp writes: one file, no script, nothing loaded from elsewhere.
import { Html, html } from './html.js';
import { kStyle, kStyleHash } from './style.js';

/** `body`: header, main and footer. */
export function renderDocument(title: string, body: Html): string {
  const policy = `default-src 'none'; style-src 'sha256-${kStyleHash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(kStyle)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
