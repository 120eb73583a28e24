/** The thread behind `openSmallFiles`. */
import { parentPort } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import type { BatchOutcome } from './small-files.ts';
import { writeSmallFile, type SmallFile } from './write-small-file.ts';

const port = parentPort!;

function writeAll(files: readonly SmallFile[]): BatchOutcome {
  try {
    for (const file of files) writeSmallFile(file);
    return { isWritten: true };
  } catch (error) {
    return { isWritten: false, code: errorCode(error), message: errorMessage(error) };
  }
}

port.on('message', (files: readonly SmallFile[]) => port.postMessage(writeAll(files)));
