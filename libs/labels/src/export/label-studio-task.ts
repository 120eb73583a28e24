import { labelStudioRle, readRleString, rowMajorRuns } from '@cassl/vision';
import type { LabeledRow } from '../file/label-row.ts';
import type { ByteText } from './byte-text.ts';
import { imageAddress } from './image-address.ts';

/**
 * https://labelstud.io/guide/predictions: values in percent of the image, one prediction per task. Put together as text, because a brush is a
 * list of a thousand numbers.
 */
export function labelStudioTask(text: ByteText, image: LabeledRow, className: string): void {
  const { width, height, instances, location, key, checkpoint } = image;
  const common = `"to_name":"image","image_rotation":0,"original_width":${width},"original_height":${height}`;
  const classes = JSON.stringify([className]);
  const score = instances.reduce((sum, label) => sum + label.score, 0) / instances.length;
  let before =
    `{"data":${JSON.stringify({ image: imageAddress(location), key })},"predictions":[` +
    `{"model_version":${JSON.stringify(checkpoint)},"score":${score},"result":[`;
  for (const [index, { bbox, score, rle }] of instances.entries()) {
    const [x, y, w, h] = bbox;
    const place =
      `"x":${(100 * x) / width},"y":${(100 * y) / height},` +
      `"width":${(100 * w) / width},"height":${(100 * h) / height}`;
    before +=
      `${index === 0 ? '' : ','}` +
      `{${common},"id":"${index}-box","type":"rectanglelabels","from_name":"box","score":${score},` +
      `"value":{${place},"rotation":0,"rectanglelabels":${classes}}}`;
    if (rle === undefined) continue;
    text.add(
      `${before},{${common},"id":"${index}-mask","type":"brushlabels","from_name":"mask","score":${score},` +
        `"value":{"format":"rle","rle":[`,
    );
    readRleString(rle, height, width, (mask) =>
      text.addNumbers(labelStudioRle(rowMajorRuns(mask, [0, 0, width, height])), ','),
    );
    before = `],"brushlabels":${classes}}}`;
  }
  text.add(`${before}]}]}`);
}
