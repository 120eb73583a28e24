/** An integer of 16 digits or more that is not the fraction of another number: one that a double may not hold. */
const LONG_INTEGER = /(?<![\d.eE+])\d{16,}/;
/** pandas writes ids as 9007199254740993.0. */
const WHOLE = /^(-?\d+)(?:\.0+)?$/;
const BYTE_ORDER_MARK = '\uFEFF';

/** The reviver's third argument, which TypeScript's library does not know yet. */
interface SourceText {
  readonly source?: string;
}

/**
 * `JSON.parse` that keeps every whole number exact: those beyond ±(2^53 − 1) are bigints. A byte order mark in front is
 * passed over.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  // A reviver makes parsing several times slower, so only texts that need one get it.
  return LONG_INTEGER.test(json) ? JSON.parse(json, exactInteger) : JSON.parse(json);
}

function exactInteger(_key: string, value: unknown, context?: SourceText): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const whole = WHOLE.exec(context?.source ?? '')?.[1];
  return whole === undefined ? value : BigInt(whole);
}
