import type { ExportContext, ExportPiece } from './export-piece.ts';
import { renderAhead } from './render-ahead.ts';
import { xmlText } from './xml-text.ts';

/** One `tasks.json` of predictions, rectangles and brush masks, and the labeling interface that shows them. */
export async function* labelStudioFormat(context: ExportContext): AsyncGenerator<ExportPiece> {
  const name = xmlText(context.className);
  const config =
    `<View>\n  <Image name="image" value="$image"/>\n` +
    `  <RectangleLabels name="box" toName="image"><Label value="${name}"/></RectangleLabels>\n` +
    `  <BrushLabels name="mask" toName="image"><Label value="${name}"/></BrushLabels>\n</View>\n`;
  yield { path: 'label-config.xml', text: config };
  const path = 'tasks.json';
  yield { path, text: '[' };
  for await (const bytes of renderAhead(context, 'label-studio')) yield { path, bytes };
  yield { path, text: '\n]\n' };
}
