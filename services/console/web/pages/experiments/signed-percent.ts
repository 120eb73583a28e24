/** 0.0193 → "+1.9". */
export function signedPercent(fraction: number): string {
  if (!Number.isFinite(fraction)) return '–';
  const text = (100 * Math.abs(fraction)).toFixed(1);
  return `${fraction < 0 ? '−' : '+'}${text}`;
}
