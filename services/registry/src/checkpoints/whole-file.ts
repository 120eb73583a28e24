import type { ReceivedUpload, UploadStart } from './receive-upload.ts';
import type { UploadFacts } from './upload-meter.ts';

/** A file that is stored whole under its digest. */
export interface WholeFile extends UploadFacts {
  readonly digest: string;
  readonly sizeBytes: number;
  /** The stored file's version. */
  readonly seal: string;
}

export function wholeFile({ digest, sizeBytes }: UploadStart, received: ReceivedUpload): WholeFile {
  const { stored, tensorCount, parameterCount } = received;
  return { digest, sizeBytes, tensorCount, parameterCount, seal: stored.version };
}
