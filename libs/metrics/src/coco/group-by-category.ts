/**
 * Splits indices 0 … count - 1 by category, keeping their order: `first[c]` heads a list that goes on with `next[i]`,
 * -1 ends it. Linked lists, because an image has few objects and a data set many categories.
 */
export interface CategoryLists {
  readonly first: Int32Array;
  readonly next: Int32Array;
}

export class CategorySplitter implements CategoryLists {
  readonly first: Int32Array;
  next: Int32Array = new Int32Array(128);
  private used: Int32Array = new Int32Array(0);
  private usedCount = 0;

  constructor(categories: number) {
    this.first = new Int32Array(categories).fill(-1);
    this.used = new Int32Array(categories);
  }

  split(category: Int32Array, count: number): void {
    for (let i = 0; i < this.usedCount; i++) this.first[this.used[i]!] = -1;
    this.usedCount = 0;
    if (count > this.next.length) this.next = new Int32Array(2 * count);
    for (let i = count - 1; i >= 0; i--) {
      const c = category[i]!;
      if (this.first[c] === -1) this.used[this.usedCount++] = c;
      this.next[i] = this.first[c]!;
      this.first[c] = i;
    }
  }

  /** The categories that occur, in no particular order. */
  present(): Int32Array {
    return this.used.subarray(0, this.usedCount);
  }
}
