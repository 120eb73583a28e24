/** What a pool does with a file or a member of a tar file. */
export type FileKind =
  | { readonly kind: 'image' }
  | { readonly kind: 'tar' }
  /** `reason` is one of few sentences, so that it can be counted. */
  | { readonly kind: 'unread'; readonly reason: string };

const IMAGE = /\.(?:jpe?g|jpe|jfif|pjpe?g|pjp|png|apng|webp|gif|tiff?|avif)$/i;

const REASONS: readonly (readonly [RegExp, string])[] = [
  // "." and ".." are no names.
  [/(?:^|\/)\.(?!\.?(?:\/|$))/, 'hidden file or folder'],
  [/\.(?:heic|heif)$/i, 'HEIC pictures are HEVC-coded, which no decoder here reads: convert them to JPEG'],
  [/\.bmp$/i, 'BMP is not read: convert it to PNG'],
  [
    /\.(?:svg|psd|raw|dng|nef|cr2|cr3|arw|jp2|j2k|jxl|tga|ppm|pgm|exr|hdr)$/i,
    'a picture format that is not read',
  ],
  [/\.(?:tar\.(?:gz|bz2|xz|zst)|tgz)$/i, 'compressed tar file: members can be read only from a plain .tar'],
  [/\.(?:zip|7z|rar|gz|bz2|xz|zst)$/i, 'archive: unpack it, or use a plain .tar'],
  [/\.(?:download|part|crdownload|partial|tmp)$/i, 'unfinished download'],
  [/\.(?:mp4|mov|avi|mkv|webm)$/i, 'video'],
  [/\.(?:json|jsonl|txt|xml|csv|cls|yaml|yml|npy|npz|pt|md|html)$/i, 'not a picture (data beside pictures)'],
  [/(?:^|\/)[^./]+$/, 'no ending that tells what it is'],
];

/** By its ending; what it holds is seen when it is read. */
export function fileKind(key: string): FileKind {
  const hidden = REASONS[0];
  if (hidden?.[0].test(key) === true) return { kind: 'unread', reason: hidden[1] };
  if (IMAGE.test(key)) return { kind: 'image' };
  if (/\.tar$/i.test(key)) return { kind: 'tar' };
  const known = REASONS.find(([pattern]) => pattern.test(key));
  return { kind: 'unread', reason: known?.[1] ?? 'an ending that no decoder here knows' };
}
