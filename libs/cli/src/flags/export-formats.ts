/** Those of `@cassl/labels`, which takes too long to load for `cassl --help`. */
export const EXPORT_FORMATS = ['coco', 'yolo', 'label-studio', 'cvat', 'fiftyone'] as const;
