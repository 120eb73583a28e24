import { useEffect, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Browsers draw no element that is higher, in pixels (Chromium and Firefox end at 2^25 and 1.8e7). */
export const MAX_HEIGHT = 16_000_000;

export interface Rows {
  readonly columns: number;
  /** First and last row that is seen, or nearly. */
  readonly first: number;
  readonly last: number;
}

/** Rows that lie beyond the window and are drawn all the same, so that scrolling shows no holes. */
const MARGIN = 2;

/** Which rows of a long grid in the page are to be seen. */
export function useWindow(grid: RefObject<HTMLElement | null>, tileWidth: number, rowHeight: number): Rows {
  const [rows, setRows] = useState<Rows>({ columns: 1, first: 0, last: 0 });
  useEffect(() => {
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const element = grid.current;
      if (element === null) return;
      const { top, width } = element.getBoundingClientRect();
      const next = {
        columns: Math.max(1, Math.floor(width / tileWidth)),
        first: Math.max(0, Math.floor(-top / rowHeight) - MARGIN),
        last: Math.max(0, Math.floor((innerHeight - top) / rowHeight) + MARGIN),
      };
      setRows((last) => (JSON.stringify(last) === JSON.stringify(next) ? last : next));
    };
    const later = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [tileWidth, rowHeight]);
  return rows;
}
