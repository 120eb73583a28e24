import { EventEmitter, once } from 'node:events';
import { CasslError } from '@cassl/errors';
import {
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  type Pipeline,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  type Training,
  TrainerServiceDefinition,
} from '@cassl/proto';
import {
  createLogger,
  implement,
  serve,
  type RunningServer,
  type ServedService,
  type ServerSecurity,
} from '@cassl/rpc';
import type { CompatServiceDefinition } from 'nice-grpc';

type Definition = CompatServiceDefinition & { readonly fullName: string };
type Handlers<Service extends Definition> = Partial<Parameters<typeof implement<Service>>[1]>;

/** A real gRPC service that answers as the test says, and UNIMPLEMENTED to all else. */
export function scripted<Service extends Definition>(
  service: Service,
  handlers: Handlers<Service>,
): ServedService {
  const rest = Object.keys(service.methods).map((name) => [
    name,
    () => {
      throw new CasslError('UNIMPLEMENTED', `${name} is not scripted`);
    },
  ]);
  return implement(service, { ...Object.fromEntries(rest), ...handlers } as Parameters<
    typeof implement<Service>
  >[1]);
}

/** The jobs of a trainer whose hand the test leads: what is set is what watchers see. */
export interface ScriptedTrainer {
  readonly pipelines: Map<string, Pipeline>;
  readonly trainings: Map<string, Training>;
  /** Ids that were cancelled. */
  readonly cancelled: string[];
  /** Tells watchers. */
  changed(): void;
  readonly services: readonly ServedService[];
}

export function scriptedTrainer(): ScriptedTrainer {
  const pipelines = new Map<string, Pipeline>();
  const trainings = new Map<string, Training>();
  const cancelled: string[] = [];
  const news = new EventEmitter();
  const found = <T>(known: ReadonlyMap<string, T>, id: string): T => {
    const job = known.get(id);
    if (job === undefined) throw new CasslError('NOT_FOUND', `no job ${JSON.stringify(id)}`);
    return job;
  };
  async function* watch<T>(
    known: ReadonlyMap<string, T>,
    id: string,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    while (!signal.aborted) {
      yield found(known, id);
      await once(news, 'changed', { signal });
    }
  }
  const services = [
    scripted(PipelineServiceDefinition, {
      list: () => Promise.resolve({ pipelines: [...pipelines.values()], nextPageToken: '' }),
      async *watch({ id }, { signal }) {
        for await (const pipeline of watch(pipelines, id, signal)) yield { pipeline };
      },
      cancel({ id }) {
        cancelled.push(id);
        return Promise.resolve({ pipeline: found(pipelines, id) });
      },
    }),
    scripted(TrainerServiceDefinition, {
      listTrainings: () =>
        Promise.resolve({
          trainings: [...trainings.values()].map((job) => ({ ...job, curve: [] })),
          nextPageToken: '',
        }),
      async *watchTraining({ id }, { signal }) {
        let sent = 0;
        for await (const training of watch(trainings, id, signal)) {
          yield { training: { ...training, curve: training.curve.slice(sent) } };
          sent = training.curve.length;
        }
      },
    }),
  ];
  return { pipelines, trainings, cancelled, changed: () => void news.emit('changed'), services };
}

/** Serves everything on one port, which is then the address of every service. */
export function servePlatform(
  services: readonly ServedService[],
  security: ServerSecurity = {},
): Promise<RunningServer> {
  const names = new Set(services.map(({ definition }) => definition.fullName));
  const others = [LabelerServiceDefinition, EvaluatorServiceDefinition, RegistryServiceDefinition].filter(
    ({ fullName }) => !names.has(fullName),
  );
  return serve({
    name: 'scripted',
    logger: createLogger({ name: 'scripted', level: 'silent' }),
    services: [...services, ...others.map((other) => scripted(other, {}))],
    security,
  });
}
