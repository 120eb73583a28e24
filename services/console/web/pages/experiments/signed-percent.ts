/** 0.0193 → "+1.9". */
export function signedPercent(fraction: number): string {
  const text = (100 * Math.abs(fraction)).toFixed(1);
  return `${fraction < 0 ? '−' : '+'}${text}`;
}
