import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype, { type Font, type Glyph } from 'opentype.js';

// Text becomes outlines here rather than in the SVG renderer: a server often has no fonts at all.
let font: Font | undefined;

function labelFont(): Font {
  if (font === undefined) {
    const require = createRequire(import.meta.url);
    const file = readFileSync(require.resolve('@fontsource/inter/files/inter-latin-600-normal.woff'));
    font = opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  }
  return font;
}

/** Width in pixels of a line of text at `sizePx`. Characters that the font lacks are drawn as '?'. */
export function textWidth(text: string, sizePx: number): number {
  return layOut(text, sizePx).width;
}

/** SVG path data of a line of text whose baseline starts at (x, y). */
export function textPath(text: string, x: number, y: number, sizePx: number): string {
  return layOut(text, sizePx)
    .glyphs.map(({ glyph, offset }) => glyph.getPath(x + offset, y, sizePx).toPathData(2))
    .join('');
}

/** Glyph after glyph by advance width: opentype.js cannot apply this font's substitution tables, and labels need none. */
function layOut(text: string, sizePx: number): { glyphs: { glyph: Glyph; offset: number }[]; width: number } {
  const { unitsPerEm } = labelFont();
  let width = 0;
  const glyphs = Array.from(text, (character) => {
    const glyph = glyphOf(character);
    const offset = width;
    width += ((glyph.advanceWidth ?? unitsPerEm / 2) * sizePx) / unitsPerEm;
    return { glyph, offset };
  });
  return { glyphs, width };
}

function glyphOf(character: string): Glyph {
  const glyph = labelFont().charToGlyph(character);
  return glyph.index > 0 ? glyph : labelFont().charToGlyph('?');
}
