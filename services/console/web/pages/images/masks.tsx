import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ShownBox, ShownImage } from './image-types.ts';

interface MasksProps {
  readonly image: Pick<ShownImage, 'width' | 'height'>;
  readonly boxes: readonly ShownBox[];
}

const ALPHA = 110;
const COLOURS = [
  [53, 184, 168],
  [240, 138, 93],
  [180, 151, 231],
  [111, 177, 240],
  [224, 184, 76],
  [240, 138, 180],
] as const;

/** Masks over a picture, each in a colour. */
export function Masks({ image: { width, height }, boxes }: MasksProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const picture = context.createImageData(width, height);
    boxes.forEach(({ runs }, index) => {
      if (runs !== undefined) paintRuns(picture, runs, COLOURS[index % COLOURS.length] ?? COLOURS[0]);
    });
    context.putImageData(picture, 0, 0);
  }, [boxes, width, height]);
  return <canvas ref={canvas} class="masks" width={width} height={height} aria-hidden="true" />;
}

/** @param runs lengths down the columns, outside first */
function paintRuns(
  { data, width, height }: ImageData,
  runs: readonly number[],
  [red, green, blue]: readonly [number, number, number],
): void {
  let at = 0;
  runs.forEach((length, run) => {
    if (run % 2 === 1) {
      for (let pixel = at; pixel < at + length; pixel++) {
        const offset = 4 * ((pixel % height) * width + Math.floor(pixel / height));
        data.set([red, green, blue, ALPHA], offset);
      }
    }
    at += length;
  });
}
