import type { CocoId } from '@cassl/coco';
import { CategorySplitter } from './group-by-category.ts';
import type { EvaluationProtocol } from './evaluation-protocol.ts';
import type { ImageColumns } from './image-columns.ts';
import { createGroupMatcher, type GroupMatcher } from './match-group.ts';
import { MatchLog } from './match-log.ts';

/**
 * Matches images one after the other and keeps their detections in a {@link MatchLog}. Everything else is scratch space
 * that the next image overwrites.
 */
export class ImageMatcher {
  readonly log: MatchLog;
  /** Ground truths that count, `wanted[k * areas + a]`. */
  readonly wanted: Float64Array;
  readonly imageIds: CocoId[] = [];
  private readonly limit: number;
  private readonly areas: number;
  private readonly groups: GroupMatcher;
  private readonly gts: CategorySplitter;
  private readonly dts: CategorySplitter;
  private readonly groupWanted: Float64Array;
  private dtIndices = new Int32Array(256);
  private gtIndices = new Int32Array(64);
  private overlaps = new Float64Array(1024);
  private dtAreas = new Float64Array(256);
  private gtAreas = new Float64Array(64);
  private gtFlags = new Uint8Array(64);

  constructor(protocol: EvaluationProtocol, categories: number, expectedDetections?: number) {
    this.limit = Math.max(...protocol.maxDetections);
    this.areas = protocol.areaRanges.length;
    this.log = new MatchLog(this.areas, expectedDetections);
    this.wanted = new Float64Array(categories * this.areas);
    this.groupWanted = new Float64Array(this.areas);
    this.groups = createGroupMatcher(protocol);
    this.gts = new CategorySplitter(categories);
    this.dts = new CategorySplitter(categories);
  }

  add(image: ImageColumns): void {
    const imageNumber = this.imageIds.push(image.imageId) - 1;
    this.gts.split(image.gtCategory, image.gtCount);
    this.dts.split(image.dtCategory, image.dtCount);
    for (const category of this.dts.present()) this.addGroup(image, imageNumber, category);
    for (const category of this.gts.present()) {
      if (this.dts.first[category] === -1) this.addGroup(image, imageNumber, category);
    }
  }

  private addGroup(image: ImageColumns, imageNumber: number, category: number): void {
    const dtCount = Math.min(this.collectDetections(image, category), this.limit);
    const gtCount = this.collectGroundTruths(image, category);
    if (this.overlaps.length < dtCount * gtCount) this.overlaps = new Float64Array(2 * dtCount * gtCount);
    if (gtCount > 0) image.overlaps(this.dtIndices, dtCount, this.gtIndices, gtCount, this.overlaps);

    const { log } = this;
    const first = log.extend(dtCount);
    for (let rank = 0; rank < dtCount; rank++) {
      const d = this.dtIndices[rank]!;
      log.score[first + rank] = image.dtScore[d]!;
      log.category[first + rank] = category;
      log.image[first + rank] = imageNumber;
      log.rank[first + rank] = rank;
      this.dtAreas[rank] = image.dtArea[d]!;
    }
    this.groupWanted.fill(0);
    this.groups.match({ ...this.group, dtCount, gtCount }, log.outcome, first, this.groupWanted);
    for (let a = 0; a < this.areas; a++) this.wanted[category * this.areas + a]! += this.groupWanted[a]!;
  }

  private get group(): {
    overlaps: Float64Array;
    dtAreas: Float64Array;
    gtAreas: Float64Array;
    gtFlags: Uint8Array;
  } {
    return { overlaps: this.overlaps, dtAreas: this.dtAreas, gtAreas: this.gtAreas, gtFlags: this.gtFlags };
  }

  /** Fills `dtIndices` with the category's detections, best first, equal scores in file order; returns how many. */
  private collectDetections(image: ImageColumns, category: number): number {
    let count = 0;
    for (let i = this.dts.first[category]!; i !== -1; i = this.dts.next[i]!) count++;
    if (count > this.dtIndices.length) {
      this.dtIndices = new Int32Array(2 * count);
      this.dtAreas = new Float64Array(2 * count);
    }
    let at = 0;
    for (let i = this.dts.first[category]!; i !== -1; i = this.dts.next[i]!) this.dtIndices[at++] = i;
    sortGroup(this.dtIndices.subarray(0, count), image.dtScore);
    return count;
  }

  private collectGroundTruths(image: ImageColumns, category: number): number {
    let count = 0;
    for (let i = this.gts.first[category]!; i !== -1; i = this.gts.next[i]!) count++;
    if (count > this.gtIndices.length) {
      this.gtIndices = new Int32Array(2 * count);
      this.gtAreas = new Float64Array(2 * count);
      this.gtFlags = new Uint8Array(2 * count);
    }
    let at = 0;
    for (let i = this.gts.first[category]!; i !== -1; i = this.gts.next[i]!) {
      this.gtAreas[at] = image.gtArea[i]!;
      this.gtFlags[at] = image.gtFlags[i]!;
      this.gtIndices[at++] = i;
    }
    return count;
  }
}

/** Results files are mostly sorted already and groups are small, where insertion beats every other stable sort. */
function sortGroup(indices: Int32Array, score: Float64Array): void {
  if (indices.length > 256) {
    indices.set(Array.from(indices).sort((a, b) => score[b]! - score[a]!));
    return;
  }
  for (let i = 1; i < indices.length; i++) {
    const moving = indices[i]!;
    let j = i - 1;
    for (; j >= 0 && score[indices[j]!]! < score[moving]!; j--) indices[j + 1] = indices[j]!;
    indices[j + 1] = moving;
  }
}
