import { placeTags } from '@cassl/vision/place-tags';
import type { JSX } from 'preact';
import { fixed } from '../../format.ts';
import type { ShownBox, ShownImage } from './image-types.ts';

interface BoxesProps {
  readonly image: Pick<ShownImage, 'width' | 'height'>;
  readonly boxes: readonly ShownBox[];
}

/** Boxes over a picture of the same shape with their names and scores, however large it is shown: lines stay as thin as they are. */
export function Boxes({ image, boxes }: BoxesProps): JSX.Element {
  const letter = Math.max(image.width, image.height) / 42;
  const texts = boxes.map(textOf);
  const places = placeTags(
    boxes.map(({ box: [x, y, w, h] }, index) => ({
      box: [x, y, x + w, y + h],
      width: (texts[index] ?? '').length * LETTER_WIDTH * letter,
      height: LINE_HEIGHT * letter,
    })),
    image,
  );
  return (
    <svg class="boxes" viewBox={`0 0 ${image.width} ${image.height}`} aria-hidden="true">
      {boxes.map(({ box: [x, y, w, h], isRight }, index) => (
        <rect
          key={index}
          class={verdict(isRight)}
          x={x}
          y={y}
          width={w}
          height={h}
          vector-effect="non-scaling-stroke"
        />
      ))}
      {places.map(({ x, y }, index) => (
        <text key={index} x={x} y={y + letter} font-size={letter}>
          {texts[index]}
        </text>
      ))}
    </svg>
  );
}

/** Of the height of a letter: the mean width of a bold one, a little too much rather than too little, and a line. */
const LETTER_WIDTH = 0.62;
const LINE_HEIGHT = 1.25;

function textOf({ name, score }: ShownBox): string {
  return [name, score === undefined ? '' : fixed(score, 2)].filter((part) => part !== '').join(' ');
}

/** Right and wrong also differ by the line: not everybody tells red from green. */
export function verdict(isRight: boolean | undefined): string {
  return isRight === undefined ? 'unknown' : isRight ? 'right' : 'wrong';
}
