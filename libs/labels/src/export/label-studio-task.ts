import { labelStudioRunsText, rleFromString, rowMajorRuns } from '@cassl/vision';
import type { LabeledRow } from '../file/label-row.ts';
import { imageAddress } from './image-address.ts';

/**
 * https://labelstud.io/guide/predictions: values in percent of the image, one prediction per task. Put together as text, because a brush is a
 * list of a thousand numbers.
 */
export function labelStudioTask(image: LabeledRow, className: string): string {
  const { width, height, instances, location, key, checkpoint } = image;
  const common = `"to_name":"image","image_rotation":0,"original_width":${width},"original_height":${height}`;
  const classes = JSON.stringify([className]);
  const result = instances.map(({ bbox: [x, y, w, h], score, rle }, index) => {
    const place =
      `"x":${(100 * x) / width},"y":${(100 * y) / height},` +
      `"width":${(100 * w) / width},"height":${(100 * h) / height}`;
    const rectangle =
      `{${common},"id":"${index}-box","type":"rectanglelabels","from_name":"box","score":${score},` +
      `"value":{${place},"rotation":0,"rectanglelabels":${classes}}}`;
    if (rle === undefined) return rectangle;
    const runs = rowMajorRuns(rleFromString(rle, height, width), [0, 0, width, height]);
    return (
      `${rectangle},{${common},"id":"${index}-mask","type":"brushlabels","from_name":"mask","score":${score},` +
      `"value":{"format":"rle","rle":[${labelStudioRunsText(runs)}],"brushlabels":${classes}}}`
    );
  });
  const score = instances.reduce((sum, label) => sum + label.score, 0) / instances.length;
  return (
    `{"data":${JSON.stringify({ image: imageAddress(location), key })},"predictions":[` +
    `{"model_version":${JSON.stringify(checkpoint)},"score":${score},"result":[${result.join(',')}]}]}`
  );
}
