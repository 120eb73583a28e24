import { useEffect, useState } from 'preact/hooks';

const DARK = '(prefers-color-scheme: dark)';

/** Changes when the system changes between light and dark: what draws on a canvas draws again. */
export function useTheme(): 'dark' | 'light' {
  const query = matchMedia(DARK);
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const update = ({ matches }: MediaQueryListEvent): void => setDark(matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return isDark ? 'dark' : 'light';
}

/** Colours that style.css has for lines; further lines begin again. */
const SERIES = 8;

export function seriesColour(index: number): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--series-${index % SERIES}`);
}
