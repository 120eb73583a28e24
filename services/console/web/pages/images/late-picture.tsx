import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PictureLine } from './picture-line.ts';

/** A tile that is passed by stays in the page for less. */
const STANDS_MS = 150;

interface LatePictureProps {
  readonly src: string;
  /** Position in the list. */
  readonly index: number;
  readonly line: PictureLine;
}

/**
 * A picture that waits in line once its tile stands still, and is given up when it goes: pictures flown past would hold up those that are
 * looked at.
 */
export function LatePicture({ src, index, line }: LatePictureProps): JSX.Element {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const { current: element } = image;
    if (element === null) return;
    let leave = (): void => undefined;
    const timer = setTimeout(() => {
      leave = line.join(index, () => {
        element.onload = element.onerror = () => leave();
        element.src = src;
      });
    }, STANDS_MS);
    return () => {
      clearTimeout(timer);
      // Out of the page alone it would still be loaded; and another image of the list has not its picture.
      element.removeAttribute('src');
      leave();
    };
  }, [src]);
  return <img ref={image} alt="" decoding="async" />;
}
