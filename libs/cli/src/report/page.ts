import { h, type ComponentChildren, type JSX } from 'preact';
import { REPORT_STYLE } from './report-style.ts';

export interface PageProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** What data says is text, even where a browser would take it for more. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** A page of its own, without outside assets. */
export function Page({ title, children }: PageProps): JSX.Element {
  return h(
    'html',
    { lang: 'en' },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
      h('title', null, `${title} · cassl`),
      // Text of our own: a renderer escapes what stands between tags, which styles do not expect.
      h('style', { dangerouslySetInnerHTML: { __html: REPORT_STYLE } }),
    ),
    h('body', null, h('main', null, children)),
  );
}
