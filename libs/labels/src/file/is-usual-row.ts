/**
 * Whether a value is a `LabeledRow`: a labeled image as labelings write it, which the schema would take as it is. A schema looks at each of ten labels'
 * numbers through a parser of its own, a third of what reading a label file costs; whatever this refuses is left to it, and to its words.
 */
export function isUsualRow(value: unknown): boolean {
  if (!isObject(value) || countKeys(value) !== 8) return false;
  const { key, sha256, location, width, height, instances, checkpoint, threshold } = value;
  return (
    typeof key === 'string' &&
    key !== '' &&
    typeof sha256 === 'string' &&
    typeof checkpoint === 'string' &&
    isFiniteNumber(threshold) &&
    isLength(width) &&
    isLength(height) &&
    isWholeLocation(location) &&
    Array.isArray(instances) &&
    instances.every(isUsualLabel)
  );
}

/** Without a range: of images in an archive the schema says more. */
function isWholeLocation(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['store'] === 'string' &&
    typeof value['key'] === 'string' &&
    countKeys(value) === 2
  );
}

function isUsualLabel(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { bbox, score, category, rle } = value;
  const optional = (category === undefined ? 0 : 1) + (rle === undefined ? 0 : 1);
  return (
    countKeys(value) === 2 + optional &&
    Array.isArray(bbox) &&
    bbox.length === 4 &&
    bbox.every(isFiniteNumber) &&
    bbox[2]! >= 0 &&
    bbox[3]! >= 0 &&
    isFiniteNumber(score) &&
    score >= 0 &&
    score <= 1 &&
    (category === undefined || (Number.isSafeInteger(category) && (category as number) >= 0)) &&
    (rle === undefined || typeof rle === 'string')
  );
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isLength(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Of an object out of JSON, which has no others. */
function countKeys(value: Fields): number {
  let count = 0;
  for (const _ in value) count++;
  return count;
}
