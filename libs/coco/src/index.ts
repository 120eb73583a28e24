export { crowdOf, crowdProblem, listedArea } from './annotation-fields.ts';
export { cocoIdField, compareIds, isCocoId, unknownId, type CocoId } from './coco-id.ts';
export { brief, copyNumbers, finiteField, objectEntry, textField, type EntryName } from './field.ts';
export { parseJson } from './parse-json.ts';
export { readJsonArrays, type ArrayVisitor } from './read-json-arrays.ts';
export { jsonText } from './text-encoding.ts';
export { toJson } from './to-json.ts';
