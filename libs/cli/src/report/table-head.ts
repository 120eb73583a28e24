import { h, type JSX } from 'preact';

/** The head of a table; a column without a title is the one of the rows' names. */
export function tableHead(titles: readonly string[]): JSX.Element {
  return h(
    'thead',
    null,
    h(
      'tr',
      null,
      titles.map((title) =>
        title === '' ? h('td', { key: title }) : h('th', { scope: 'col', key: title }, title),
      ),
    ),
  );
}
