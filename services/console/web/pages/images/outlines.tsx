import type { JSX } from 'preact';
import { verdict } from './boxes.tsx';
import type { ShownBox, ShownImage } from './image-types.ts';

interface OutlinesProps {
  readonly image: Pick<ShownImage, 'width' | 'height'>;
  readonly boxes: readonly ShownBox[];
}

/** Boxes over a small picture, without texts: one element a verdict, as a grid has thousands of boxes. */
export function Outlines({ image: { width, height }, boxes }: OutlinesProps): JSX.Element {
  const paths = new Map<string, string>();
  for (const { box, isRight } of boxes) {
    const [x, y, w, h] = box;
    if (!box.every(Number.isFinite)) continue;
    const name = verdict(isRight);
    paths.set(name, `${paths.get(name) ?? ''}M${x} ${y}h${w}v${h}h${-w}z`);
  }
  return (
    <svg class="boxes" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {[...paths].map(([name, path]) => (
        <path key={name} class={name} d={path} vector-effect="non-scaling-stroke" />
      ))}
    </svg>
  );
}
