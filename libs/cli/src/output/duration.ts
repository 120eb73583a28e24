/** 75 → "1m15s", 7,500 → "2h05m". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  const two = (number: number): string => String(number).padStart(2, '0');
  return minutes < 60
    ? `${minutes}m${two(whole % 60)}s`
    : `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
