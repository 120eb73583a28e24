import { errorMessage, invalidArgument } from '@cassl/errors';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** What a project's labeling configuration wants to be filled in. */
export interface LabelConfig {
  readonly kind: RegionKind;
  /** Name of the control tag, and of the image that it marks. */
  readonly fromName: string;
  readonly toName: string;
  /** Key of a task's data that holds the image's address. */
  readonly dataKey: string;
  /** By the model's category in lower case. */
  readonly labelOf: ReadonlyMap<string, string>;
  /** The only label takes every category: what class-agnostic models find has no other name. */
  readonly onlyLabel: string | undefined;
  /** `model_score_threshold` of the control tag. */
  readonly threshold: number | undefined;
}

export type RegionKind = 'brushlabels' | 'polygonlabels' | 'rectanglelabels';

/** Masks say more than boxes: the first kind that a configuration has is filled in. */
const KINDS: readonly (readonly [tag: string, kind: RegionKind])[] = [
  ['BrushLabels', 'brushlabels'],
  ['PolygonLabels', 'polygonlabels'],
  ['RectangleLabels', 'rectanglelabels'],
];
const MAX_XML_LENGTH = 2 ** 20;

type Attributes = Readonly<Record<string, string>>;
interface Tag {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly Tag[];
}

/**
 * @param field what the request calls it
 * @throws INVALID_ARGUMENT naming the field for what is not XML, or has no control tag that detections fit
 */
export function readLabelConfig(xml: string, field = 'label_config'): LabelConfig {
  const tags = flatten(parse(xml, field));
  for (const [tagName, kind] of KINDS) {
    const control = tags.find(({ name }) => name === tagName);
    if (control !== undefined) return describe(tags, { control, kind, field });
  }
  throw invalidArgument(
    `${field} must have ${KINDS.map(([tagName]) => tagName).join(', ')} over an Image; it has ${tags
      .map(({ name }) => name)
      .join(', ')
      .slice(0, 200)}`,
  );
}

interface FoundControl {
  readonly control: Tag;
  readonly kind: RegionKind;
  readonly field: string;
}

function describe(tags: readonly Tag[], { control, kind, field }: FoundControl): LabelConfig {
  const { name: fromName = '', toName = '', model_score_threshold: given } = control.attributes;
  const image = tags.find(({ name, attributes }) => name === 'Image' && attributes['name'] === toName);
  const value = image?.attributes['value'] ?? '';
  if (!value.startsWith('$'))
    throw invalidArgument(
      `${field}: ${control.name} ${fromName.slice(0, 100)} must name an Image whose value is $KEY by toName`,
    );
  const threshold = given === undefined ? undefined : Number(given);
  if (threshold !== undefined && !(threshold >= 0 && threshold < 1))
    throw invalidArgument(`${field}: model_score_threshold must be in [0, 1), got ${given?.slice(0, 100)}`);
  const labels = control.children.filter(({ name }) => name === 'Label').map(({ attributes }) => attributes);
  const [first] = labels;
  return {
    kind,
    fromName,
    toName,
    dataKey: value.slice(1),
    labelOf: new Map(labels.flatMap(namesOf)),
    onlyLabel: labels.length === 1 ? first?.['value'] : undefined,
    threshold,
  };
}

/** A label answers to its value and to its `predicted_values`. */
function namesOf({ value = '', predicted_values: more = '' }: Attributes): [string, string][] {
  return [value, ...more.split(',')]
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
    .map((name) => [name, value]);
}

type ParsedNode = Readonly<Record<string, unknown>>;

function parse(xml: string, field: string): Tag[] {
  if (xml.length > MAX_XML_LENGTH)
    throw invalidArgument(`${field} must have at most ${MAX_XML_LENGTH} characters, got ${xml.length}`);
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw invalidArgument(`${field} is not XML: ${valid.err.msg}, line ${valid.err.line}`);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    processEntities: { enabled: true, maxTotalExpansions: 1000 },
  });
  try {
    return toTags(parser.parse(xml) as readonly ParsedNode[]);
  } catch (error) {
    // What the parser has bounds for beyond XML's rules: depth, entities, names.
    throw invalidArgument(`${field} cannot be read: ${errorMessage(error)}`);
  }
}

function toTags(nodes: readonly ParsedNode[]): Tag[] {
  return nodes.flatMap((node) =>
    Object.entries(node)
      .filter(([name]) => name !== ':@' && name !== '#text')
      .map(([name, children]) => ({
        name,
        attributes: (node[':@'] ?? {}) as Attributes,
        children: toTags(children as readonly ParsedNode[]),
      })),
  );
}

function flatten(tags: readonly Tag[]): Tag[] {
  return tags.flatMap((tag) => [tag, ...flatten(tag.children)]);
}
