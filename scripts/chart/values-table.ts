import { isMap, isNode, parseDocument, type Pair, type YAMLMap } from 'yaml';

interface Row {
  readonly path: string;
  readonly value: unknown;
  readonly comment: string;
}

/** values.yaml as a Markdown table: a row a key, with its default and the comment (`# -- …`) above it. */
export function valuesTable(text: string): string {
  const { contents } = parseDocument(text);
  const rows = isMap(contents) ? rowsOf(contents, '') : [];
  const lines = rows.map(({ path, value, comment }) => {
    const shown = JSON.stringify(value).replaceAll('|', '\\|');
    return `| \`${path}\` | ${comment} | \`${shown}\` |`;
  });
  return ['| value | meaning | default |', '| --- | --- | --- |', ...lines].join('\n');
}

function rowsOf(map: YAMLMap, prefix: string): Row[] {
  return map.items.flatMap((pair: Pair) => {
    const key = pair.key as { readonly value: string; readonly commentBefore?: string };
    const path = prefix + key.value;
    const comment = (key.commentBefore ?? (pair === map.items[0] ? map.commentBefore : undefined) ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('-- '))
      .map((line) => line.slice(3))
      .join(' ');
    const { value } = pair;
    // A block that says what it is for, or is written on one line, is one row.
    if (isMap(value) && !value.flow && comment === '') return rowsOf(value, `${path}.`);
    return [{ path, comment, value: isNode(value) ? (value.toJSON() as unknown) : value }];
  });
}
