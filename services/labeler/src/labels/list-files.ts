import { invalidArgument } from '@cassl/errors';
import type { LabelSet } from '@cassl/labels';
import type { ListLabelSetFilesRequest, ListLabelSetFilesResponse } from '@cassl/proto';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;

/** One page of a set's files; the token is the number of files before it. */
export async function listFiles(
  set: LabelSet,
  { pageSize, pageToken }: Pick<ListLabelSetFilesRequest, 'pageSize' | 'pageToken'>,
): Promise<ListLabelSetFilesResponse> {
  if (pageSize > LARGEST_PAGE) {
    throw invalidArgument(`ListLabelSetFilesRequest.page_size must be 0 to ${LARGEST_PAGE}, got ${pageSize}`);
  }
  if (!/^\d{0,12}$/.test(pageToken)) {
    throw invalidArgument(
      `ListLabelSetFilesRequest.page_token must come from a page before, got ${JSON.stringify(pageToken.slice(0, 40))}`,
    );
  }
  const start = Number(pageToken);
  const end = start + (pageSize === 0 ? DEFAULT_PAGE : pageSize);
  const files: ListLabelSetFilesResponse['files'] = [];
  let index = 0;
  for await (const { digest, bytes, source, images, labeled, failed, labels } of set.files()) {
    if (index >= end) return { files, nextPageToken: String(end) };
    if (index++ < start) continue;
    const counts = { images, labeledImages: labeled, failedImages: failed, labelCount: labels };
    files.push({ digest, sizeBytes: bytes, source, ...counts });
  }
  return { files, nextPageToken: '' };
}
