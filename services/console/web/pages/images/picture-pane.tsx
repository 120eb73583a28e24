import type { JSX } from 'preact';
import { Boxes } from './boxes.tsx';
import type { ShownBox, ShownImage } from './image-types.ts';
import { Masks } from './masks.tsx';
import type { Zoom } from './use-zoom.ts';

interface PicturePaneProps {
  readonly title: string;
  readonly image: ShownImage;
  readonly boxes: readonly ShownBox[];
  readonly base: string;
  readonly masks: boolean;
  readonly zoom: Zoom;
}

/** A picture with boxes and masks over it, in a frame that it may be larger than. */
export function PicturePane({ title, image, boxes, base, masks, zoom }: PicturePaneProps): JSX.Element {
  return (
    <figure class="pane">
      <figcaption>
        {title} <span class="soft">({boxes.length})</span>
      </figcaption>
      <div class="pane-frame" {...zoom.handlers}>
        <div class="picture" style={{ ...zoom.style, aspectRatio: `${image.width} / ${image.height}` }}>
          <img
            src={`/api/label-sets/picture?${base}&at=${image.at}&size=1600`}
            alt={`${image.key}: ${title}`}
            draggable={false}
          />
          {masks && <Masks image={image} boxes={boxes} />}
          <Boxes image={image} boxes={boxes} withText />
        </div>
      </div>
    </figure>
  );
}
