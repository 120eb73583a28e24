import type { JSX } from 'preact';
import { Boxes } from './boxes.tsx';
import type { ShownBox, ShownImage } from './image-types.ts';
import { Masks } from './masks.tsx';
import type { Zoom } from './use-zoom.ts';

interface PicturePaneProps {
  readonly title: string;
  readonly image: Pick<ShownImage, 'key' | 'width' | 'height'>;
  readonly boxes: readonly ShownBox[];
  /** Address of the picture. */
  readonly src: string;
  readonly masks: boolean;
  readonly zoom: Zoom;
}

/** A picture with boxes and masks over it, in a frame that it may be larger than. */
export function PicturePane({ title, image, boxes, src, masks, zoom }: PicturePaneProps): JSX.Element {
  return (
    <figure class="pane">
      <figcaption>
        {title} <span class="soft">({boxes.length})</span>
      </figcaption>
      <div class="pane-frame" {...zoom.handlers}>
        <div class="picture" style={{ ...zoom.style, aspectRatio: `${image.width} / ${image.height}` }}>
          <img src={src} alt={`${image.key}: ${title}`} draggable={false} />
          {masks && <Masks image={image} boxes={boxes} />}
          <Boxes image={image} boxes={boxes} />
        </div>
      </div>
    </figure>
  );
}
