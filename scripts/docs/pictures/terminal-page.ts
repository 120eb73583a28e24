/** What a terminal showed, as a page to take a picture of: the command behind a prompt, then its output. */
export function terminalPage(command: string, output: string): string {
  const lines = output.trimEnd().split('\n').slice(0, MOST_LINES);
  return `<!doctype html><meta charset="utf-8"><title>terminal</title><style>${STYLE}</style>
<pre><b>$ ${escape(command)}</b>\n${lines.map((line) => (line.startsWith('#') || line.trim().startsWith('# ') ? `<i>${escape(line)}</i>` : escape(line))).join('\n')}</pre>`;
}

const MOST_LINES = 60;
const STYLE = `html { background: #16181d } body { margin: 0 }
pre { margin: 0; padding: 16px 20px; color: #d8dbe2; font: 13px/1.45 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere }
b { color: #8fd18f } i { color: #8b93a3; font-style: normal }`;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
