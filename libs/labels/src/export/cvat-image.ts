import { readRleString, rleBox, rowMajorRuns } from '@cassl/vision';
import type { LabeledRow, StoredLabel } from '../file/label-row.ts';
import type { ByteText } from './byte-text.ts';
import { xmlText } from './xml-text.ts';

/** Adds the `image` of CVAT's XML. */
export function cvatImage(text: ByteText, image: LabeledRow, id: number, className: string): void {
  const { key, width, height, instances } = image;
  const label = xmlText(className);
  text.add(`  <image id="${id}" name="${xmlText(key)}" width="${width}" height="${height}">\n`);
  for (const instance of instances) addShape(text, instance, image, label);
  text.add('  </image>\n');
}

function addShape(text: ByteText, { bbox, score, rle }: StoredLabel, image: LabeledRow, label: string): void {
  const [x, y, w, h] = bbox;
  const common = `label="${label}" source="auto" occluded="0" z_order="0"`;
  const attribute = `<attribute name="score">${score}</attribute>`;
  if (rle === undefined) {
    const corners = `xtl="${x}" ytl="${y}" xbr="${round(x + w)}" ybr="${round(y + h)}"`;
    return text.add(`    <box ${common} ${corners}>${attribute}</box>\n`);
  }
  text.add(`    <mask ${common} rle="`);
  text.add(`${addRuns(text, rle, image)}>${attribute}</mask>\n`);
}

/** CVAT's runs: of the box around the mask, row by row, the first of background. Returns what follows them. */
function addRuns(text: ByteText, rle: string, { width, height }: LabeledRow): string {
  return readRleString(rle, height, width, (mask) => {
    const box = rleBox(mask);
    text.addNumbers(rowMajorRuns(mask, box), ', ');
    return `" left="${box[0]}" top="${box[1]}" width="${box[2]}" height="${box[3]}"`;
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
