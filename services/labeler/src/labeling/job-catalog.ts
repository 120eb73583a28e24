import { CasslError, dataLoss, errorCode, errorMessage } from '@cassl/errors';
import { checkJobId, handedBackStatus, isEnded } from '@cassl/jobs';
import { Labeling } from '@cassl/proto';
import { isAddressIn, openRequestedStore, readBytes, type ObjectStore } from '@cassl/storage';

export interface LostLabeling {
  readonly id: string;
  readonly owner: string;
  readonly job: Labeling;
}

/**
 * The records of labelings in object storage, one small file a job, in the folder or bucket that holds its output: with the ledger,
 * all that is needed to go on where the broker's store and every replica's memory are lost.
 */
export interface JobCatalog {
  /** Where the output lies in no known place, nothing is kept. */
  keep(job: Labeling): Promise<void>;
  /** What is kept and not known: an ended job as it ended, another one to be led by whoever comes first. */
  lost(
    isKnown: (id: string) => boolean,
    onDamaged: (error: unknown) => void,
  ): AsyncGenerator<LostLabeling, void>;
}

const FOLDER = '.cassl/labelings/';

export function openJobCatalog(places: readonly string[]): JobCatalog {
  const stores = places.map((place) => openRequestedStore('output root', place, 'write'));
  const storeOf = (outputUri: string): ObjectStore | undefined =>
    stores.find(({ uri }) => isAddressIn(uri, outputUri));
  return {
    async keep(job) {
      const id = job.status?.id ?? '';
      const store = storeOf(job.spec?.outputUri ?? '');
      await store?.put(`${FOLDER}${id}.json`, Buffer.from(JSON.stringify(Labeling.toJSON(job))));
    },
    async *lost(isKnown, onDamaged) {
      for (const store of stores) {
        for await (const { key } of store.list(FOLDER)) {
          const id = key.slice(FOLDER.length).replace(/\.json$/, '');
          if (isKnown(id)) continue;
          try {
            yield readLost(id, await readBytes(store, key), store.uri);
          } catch (error) {
            if (!DAMAGE.has(errorCode(error))) throw error;
            onDamaged(
              new CasslError('DATA_LOSS', `${store.uri}/${key}: ${errorMessage(error)}`, { cause: error }),
            );
          }
        }
      }
    },
  };
}

const DAMAGE: ReadonlySet<string> = new Set(['DATA_LOSS', 'INVALID_ARGUMENT', 'NOT_FOUND']);

/** @throws DATA_LOSS, INVALID_ARGUMENT for what this labeler did not write, or did not write there */
function readLost(id: string, bytes: Uint8Array, place: string): LostLabeling {
  checkJobId('id', id);
  const job = parse(bytes);
  const { status, spec } = job;
  if (status?.id !== id || spec === undefined || !isAddressIn(place, spec.outputUri)) {
    throw dataLoss('is not the record of a labeling of this name whose output is here');
  }
  return {
    id,
    owner: status.owner,
    job: isEnded(status) ? job : { ...job, status: handedBackStatus(status) },
  };
}

function parse(bytes: Uint8Array): Labeling {
  try {
    return Labeling.fromJSON(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw dataLoss(`cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}
