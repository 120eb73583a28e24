import { rleBox, rleFromString, rowMajorRuns } from '@cassl/vision';
import type { LabeledRow, StoredLabel } from '../file/label-row.ts';
import { inPieces, type ExportContext, type ExportPiece } from './export-piece.ts';
import { xmlText } from './xml-text.ts';

/** One `annotations.xml`, "CVAT for images 1.1": masks where there are some, else boxes, with their score. */
export function cvatFormat(context: ExportContext): AsyncIterable<ExportPiece> {
  return inPieces('annotations.xml', document(context));
}

async function* document({ images, className }: ExportContext): AsyncGenerator<string> {
  yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n';
  let id = 0;
  for await (const image of images) {
    const { key, width, height, instances } = image;
    yield `  <image id="${id++}" name="${xmlText(key)}" width="${width}" height="${height}">\n`;
    for (const label of instances) yield shape(label, image, xmlText(className));
    yield '  </image>\n';
  }
  yield '</annotations>\n';
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

/** A loop, because joining a typed array takes four times as long. */
function listed(runs: Uint32Array): string {
  let text = String(runs[0]);
  for (let run = 1; run < runs.length; run++) text += `, ${runs[run]!}`;
  return text;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
