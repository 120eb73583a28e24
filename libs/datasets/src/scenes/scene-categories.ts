/** A thing of the scenes: one Twemoji picture, drawn in any colour, rotation and size. */
export interface ThingCategory {
  readonly id: number;
  readonly name: string;
  /** The silhouette that two categories share; telling them apart needs the pattern inside it. */
  readonly supercategory: string;
  /** File name in `@twemoji/svg` without `.svg`: the code point. */
  readonly picture: string;
}

/** Six silhouettes with two patterns each: easy to find, hard to name. */
export const thingCategories: readonly ThingCategory[] = [
  { id: 1, name: 'automobile', supercategory: 'car', picture: '1f697' },
  { id: 2, name: 'taxi', supercategory: 'car', picture: '1f695' },
  { id: 3, name: 'cat', supercategory: 'face', picture: '1f431' },
  { id: 4, name: 'fox', supercategory: 'face', picture: '1f98a' },
  { id: 5, name: 'evergreen', supercategory: 'tree', picture: '1f332' },
  { id: 6, name: 'christmas tree', supercategory: 'tree', picture: '1f384' },
  { id: 7, name: 'basketball', supercategory: 'ball', picture: '1f3c0' },
  { id: 8, name: 'tennis ball', supercategory: 'ball', picture: '1f3be' },
  { id: 9, name: 'apple', supercategory: 'fruit', picture: '1f34e' },
  { id: 10, name: 'tomato', supercategory: 'fruit', picture: '1f345' },
  { id: 11, name: 'guitar', supercategory: 'instrument', picture: '1f3b8' },
  { id: 12, name: 'violin', supercategory: 'instrument', picture: '1f3bb' },
];

export const stuffNames = ['sky', 'grass', 'wall', 'water'] as const;
export type StuffName = (typeof stuffNames)[number];

/** Panoptic ids of the stuff follow those of the things, as in COCO. */
export const stuffCategories: readonly {
  readonly id: number;
  readonly name: StuffName;
  readonly supercategory: string;
}[] = stuffNames.map((name, index) => ({
  id: thingCategories.length + 1 + index,
  name,
  supercategory: 'background',
}));
