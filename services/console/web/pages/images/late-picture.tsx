import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A tile that is passed by stays in the page for less. */
const STANDS_MS = 150;

/** A picture that is asked for once its tile stands still, and given up when it goes: pictures flown past would hold up those that are looked at. */
export function LatePicture({ src }: { readonly src: string }): JSX.Element {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const { current: element } = image;
    const timer = setTimeout(() => element?.setAttribute('src', src), STANDS_MS);
    return () => {
      clearTimeout(timer);
      // Out of the page alone it would still be loaded.
      if (element?.complete === false) element.removeAttribute('src');
    };
  }, [src]);
  return <img ref={image} alt="" decoding="async" />;
}
