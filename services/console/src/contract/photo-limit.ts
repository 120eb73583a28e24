/** Bytes of a photo that is tried: what the labeler takes. */
export const MAX_PHOTO_BYTES = 32 * 2 ** 20;
