import { rleBox, rleFromString, rowMajorRuns } from '@cassl/vision';
import type { LabeledRow, StoredLabel } from '../file/label-row.ts';
import { xmlText } from './xml-text.ts';

/** The `image` of CVAT's XML. */
export function cvatImage(image: LabeledRow, id: number, className: string): string {
  const { key, width, height, instances } = image;
  let text = `  <image id="${id}" name="${xmlText(key)}" width="${width}" height="${height}">\n`;
  for (const label of instances) text += shape(label, image, xmlText(className));
  return `${text}  </image>\n`;
}

function shape({ bbox: [x, y, w, h], score, rle }: StoredLabel, image: LabeledRow, label: string): string {
  const common = `label="${label}" source="auto" occluded="0" z_order="0"`;
  const attribute = `<attribute name="score">${score}</attribute>`;
  if (rle !== undefined) return `    <mask ${common} ${maskAttributes(rle, image)}>${attribute}</mask>\n`;
  const corners = `xtl="${x}" ytl="${y}" xbr="${round(x + w)}" ybr="${round(y + h)}"`;
  return `    <box ${common} ${corners}>${attribute}</box>\n`;
}

/** CVAT's runs: of the box around the mask, row by row, the first of background. */
function maskAttributes(rle: string, { width, height }: LabeledRow): string {
  const mask = rleFromString(rle, height, width);
  const [left, top, boxWidth, boxHeight] = rleBox(mask);
  const runs = rowMajorRuns(mask, [left, top, boxWidth, boxHeight]);
  return `rle="${listed(runs)}" left="${left}" top="${top}" width="${boxWidth}" height="${boxHeight}"`;
}

// Kept from call to call.
let text = Buffer.alloc(1 << 12);

/** `12, 3, 40`, digit by digit: numbers turned to strings one by one, and joined, take several times as long. */
function listed(runs: Uint32Array): string {
  if (text.length < LONGEST_ITEM * runs.length) text = Buffer.alloc(2 * LONGEST_ITEM * runs.length);
  let used = 0;
  for (let run = 0; run < runs.length; run++) {
    if (run > 0) {
      text[used++] = COMMA;
      text[used++] = SPACE;
    }
    let value = runs[run]!;
    let end = used + 1;
    for (let rest = value; rest >= 10; rest = Math.trunc(rest / 10)) end++;
    used = end;
    do {
      const rest = Math.trunc(value / 10);
      text[--end] = ZERO + (value - 10 * rest);
      value = rest;
    } while (value > 0);
  }
  return text.toString('latin1', 0, used);
}

const [COMMA, SPACE, ZERO] = [0x2c, 0x20, 0x30];
/** Ten digits of 32 bits, a comma and a space. */
const LONGEST_ITEM = 12;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
