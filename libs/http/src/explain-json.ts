/** What Python's json writes of floats that JSON does not have. */
const NO_JSON = ['NaN', 'Infinity', '-Infinity'];
const MOST_CHARACTERS = 2 ** 20;

/** Why a text is no JSON, for whoever wrote it: the parser's reason, or the field whose number JSON does not have. */
export function explainJson(text: string, error: unknown): string {
  const bare = findBareNumber(text.slice(0, MOST_CHARACTERS));
  if (bare !== undefined) return `${bare.field.slice(0, 100)}: ${bare.word} is no JSON`;
  const reason = error instanceof Error ? error.message.replace(/ is not valid JSON$/, '') : 'it is damaged';
  return `the body is not JSON: ${reason}`;
}

/** The first of {@link NO_JSON} outside of strings, and the key before it. */
function findBareNumber(text: string): { readonly field: string; readonly word: string } | undefined {
  let field = 'the body';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') {
      const end = endOfString(text, at);
      if (/^\s*:/.test(text.slice(end + 1, end + 10))) field = text.slice(at + 1, end);
      at = end;
    } else {
      const word = NO_JSON.find((one) => text.startsWith(one, at));
      if (word !== undefined) return { field, word };
    }
  }
  return undefined;
}

/** Place of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
