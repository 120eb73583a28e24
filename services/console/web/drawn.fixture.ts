import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What a component draws before anything has happened to it, as HTML. */
export function htmlOf<Props>(node: VNode<Props>): string {
  return renderToString(node);
}

/** Its words alone. */
export function textOf<Props>(node: VNode<Props>): string {
  return plain(htmlOf(node));
}

/** The cells of its tables, a row each, heads too. */
export function cellsOf<Props>(node: VNode<Props>): string[][] {
  const rows = htmlOf(node).match(/<tr[ >].*?<\/tr>/gs) ?? [];
  return rows.map((row) => (row.match(/<t[hd][ >].*?<\/t[hd]>/gs) ?? []).map(plain));
}

/** The names and values that it lists. */
export function factsOf<Props>(node: VNode<Props>): Record<string, string> {
  const found = htmlOf(node).matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [plain(name), plain(value)]));
}

function plain(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
