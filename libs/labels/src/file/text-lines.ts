import { invalidArgument } from '@cassl/errors';

/** A thousand labels with masks of 60 kB each: what has no end by then is none of ours, and would fill the memory. */
const MAX_LINE = 64 * 2 ** 20;

/**
 * The lines of UTF-8 bytes; a line may be cut anywhere by the chunks.
 * @param place begins the message
 * @throws INVALID_ARGUMENT as {@link splitLines}
 */
export async function* textLines(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  async function* texts(): AsyncGenerator<string> {
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  }
  yield* splitLines(texts(), { place });
}

/** The lines of a text; a line may be cut anywhere by the pieces. @throws INVALID_ARGUMENT for one of more than 64 Mi characters */
export async function* splitLines(
  pieces: AsyncIterable<string>,
  { place, most = MAX_LINE }: { readonly place?: string; readonly most?: number } = {},
): AsyncGenerator<string, void> {
  let open: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const isOpen = !piece.includes('\n');
    const lines = isOpen ? [piece] : [...open, piece].join('').split('\n');
    const rest = lines.pop() ?? '';
    yield* lines;
    open = isOpen ? [...open, rest] : [rest];
    length = isOpen ? length + rest.length : rest.length;
    if (length > most)
      throw invalidArgument(
        `${place === undefined ? '' : `${place}: `}a line has more than ${most} characters`,
      );
  }
  const last = open.join('');
  if (last !== '') yield last;
}
