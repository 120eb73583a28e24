import { describe, expect, it } from 'vitest';
import { readLabelConfig } from './read-label-config.ts';

const view = (control: string, image = '<Image name="image" value="$photo"/>'): string =>
  `<View>${image}${control}</View>`;
const rectangles = (labels: string, attributes = ''): string =>
  view(`<RectangleLabels name="label" toName="image" ${attributes}>${labels}</RectangleLabels>`);

describe('a labeling configuration', () => {
  it('says what is marked, where its address stands and how classes are called', () => {
    const config = readLabelConfig(rectangles('<Label value="Cat"/><Label value="Dog"/>'));
    expect(config).toMatchObject({
      kind: 'rectanglelabels',
      fromName: 'label',
      toName: 'image',
      dataKey: 'photo',
      onlyLabel: undefined,
      threshold: undefined,
    });
    expect([...config.labelOf]).toEqual([
      ['cat', 'Cat'],
      ['dog', 'Dog'],
    ]);
  });

  it('prefers masks to boxes, brushes to polygons', () => {
    const tag = (name: string): string =>
      `<${name} name="${name}" toName="image"><Label value="a"/></${name}>`;
    const all = view(tag('RectangleLabels') + tag('PolygonLabels') + tag('BrushLabels'));
    expect(readLabelConfig(all).kind).toBe('brushlabels');
    expect(readLabelConfig(view(tag('RectangleLabels') + tag('PolygonLabels'))).kind).toBe('polygonlabels');
  });

  it('finds its tags however deep they lie, and the image that the control names', () => {
    const images = '<Image name="other" value="$thumb"/><View><Image name="image" value="$photo"/></View>';
    const control =
      '<View><View><RectangleLabels name="l" toName="image"><Label value="a"/></RectangleLabels></View></View>';
    expect(readLabelConfig(view(control, images)).dataKey).toBe('photo');
  });

  it('lets a label answer to other names of the model, whatever their case', () => {
    const { labelOf } = readLabelConfig(
      rectangles('<Label value="Vehicle" predicted_values="Car, truck ,BUS"/><Label value="Person"/>'),
    );
    for (const name of ['vehicle', 'car', 'truck', 'bus']) expect(labelOf.get(name)).toBe('Vehicle');
    expect(labelOf.get('person')).toBe('Person');
  });

  it('has no label for a category without a name', () => {
    const { labelOf } = readLabelConfig(
      rectangles('<Label value="Cat"/><Label value="Dog" predicted_values="hound,,"/>'),
    );
    expect(labelOf.has('')).toBe(false);
    expect([...labelOf.keys()]).toEqual(['cat', 'dog', 'hound']);
  });

  it('with one label gives it to everything', () => {
    expect(readLabelConfig(rectangles('<Label value="Thing"/>')).onlyLabel).toBe('Thing');
    expect(readLabelConfig(rectangles('')).onlyLabel).toBeUndefined();
  });

  it('may set a threshold', () => {
    expect(readLabelConfig(rectangles('', 'model_score_threshold="0.3"')).threshold).toBe(0.3);
    for (const wrong of ['1', '1.5', '-1', 'high'])
      expect(() => readLabelConfig(rectangles('', `model_score_threshold="${wrong}"`))).toThrow(
        `label_config: model_score_threshold must be in [0, 1), got ${wrong}`,
      );
  });

  it('reads entities of XML, and expands no bomb', () => {
    expect(readLabelConfig(rectangles('<Label value="Cat &amp; dog"/>')).onlyLabel).toBe('Cat & dog');
    const entities = Array.from(
      { length: 9 },
      (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`,
    ).join('');
    const bomb = `<!DOCTYPE x [<!ENTITY e0 "lol">${entities}]>${rectangles('<Label value="&e9;"/>')}`;
    let value = '';
    try {
      value = readLabelConfig(bomb).onlyLabel ?? '';
    } catch (error) {
      value = (error as Error).message;
    }
    expect(value.length).toBeLessThan(10_000);
  });

  it.each([
    ['not XML', '<View>', /label_config is not XML: .*line 1/],
    [
      'tags within tags',
      '<View>'.repeat(5000) + '</View>'.repeat(5000),
      /label_config cannot be read: .*nested/,
    ],
    ['a name that is none', '<View __proto__="1"/>', /label_config cannot be read: .*__proto__/],
    ['nothing', '', /label_config is not XML|must have BrushLabels/],
    [
      'no control',
      view('<Choices name="c" toName="image"/>'),
      /must have BrushLabels, PolygonLabels, RectangleLabels over an Image; it has View, Image, Choices/,
    ],
    [
      'no image',
      view('<RectangleLabels name="l" toName="text"/>'),
      /RectangleLabels l must name an Image whose value is \$KEY/,
    ],
    [
      'a fixed image',
      view('<RectangleLabels name="l" toName="image"/>', '<Image name="image" value="http://a/b.jpg"/>'),
      /whose value is \$KEY/,
    ],
    ['more than a person writes', ' '.repeat(2 ** 20 + 1), /at most 1048576 characters, got 1048577/],
  ])('of %s is refused', (_, xml, message) => {
    expect(() => readLabelConfig(xml)).toThrow(message);
  });
});
