/** Percent-encoded, as it travels. Clients take 8 KiB of trailers, and the text is in the details of an error once more. */
const MAX_ENCODED = 4000;
const MAX_CHARACTERS = 2000;

/**
 * A text that a trailer can hold: one that quotes a caller's own megabytes back is cut, and says how long it was. Half of a
 * character, as a text has that was cut in an emoji, has no percent-encoding: without this grpc-js throws where nobody catches it,
 * and the process ends.
 */
export function shortText(text: string): string {
  const whole = text.toWellFormed();
  let kept = '';
  let encoded = 0;
  for (const character of whole) {
    encoded += encodeURI(character).length;
    if (encoded > MAX_ENCODED || kept.length >= MAX_CHARACTERS) return `${kept}… (${text.length} characters)`;
    kept += character;
  }
  return whole;
}
