import type { JSX } from 'preact';
import { fixed } from '../../format.ts';
import type { ShownBox, ShownImage } from './image-types.ts';

interface BoxesProps {
  readonly image: Pick<ShownImage, 'width' | 'height'>;
  readonly boxes: readonly ShownBox[];
  /** Writes scores and names beside the boxes. */
  readonly withText?: boolean;
}

/** Boxes over a picture of the same shape, however large it is shown: lines stay as thin as they are. */
export function Boxes({ image: { width, height }, boxes, withText = false }: BoxesProps): JSX.Element {
  const letter = Math.max(width, height) / 42;
  return (
    <svg class="boxes" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {boxes.map(({ box: [x, y, w, h], isRight, name, score }, index) => (
        <g key={index} class={verdict(isRight)}>
          <rect x={x} y={y} width={w} height={h} vector-effect="non-scaling-stroke" />
          {withText && (
            <text x={x} y={y > letter ? y - letter / 4 : y + letter} font-size={letter}>
              {[name, score === undefined ? '' : fixed(score, 2)].filter((part) => part !== '').join(' ')}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

/** Right and wrong also differ by the line: not everybody tells red from green. */
export function verdict(isRight: boolean | undefined): string {
  return isRight === undefined ? 'unknown' : isRight ? 'right' : 'wrong';
}
