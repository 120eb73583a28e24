import type { StateDict } from '../host-tensor.ts';

/**
 * What wraps a model in the names of trainers: DataParallel, torch.compile, Lightning, MoCo (`encoder_q`, `base_encoder`),
 * teachers and students of mean-teacher trainers, exponential averages, transformers' heads. A teacher stands before its
 * student, an average before what it is of.
 */
const WRAPPERS = [
  'module',
  'model',
  'net',
  'network',
  'ema_model',
  'ema',
  'model_ema',
  'teacher',
  'modelTeacher',
  'encoder_q',
  'base_encoder',
  'momentum_encoder',
  'online_network',
  'student',
  'modelStudent',
  'backbone',
  'encoder',
  'resnet',
  'swin',
];
/** `module.model.encoder_q.` is as deep as trainers wrap. */
const MAX_DEPTH = 4;
/** torch.compile, FSDP and activation checkpointing put these anywhere into a name. */
const INFIXES = /(^|\.)(?:(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.)+/g;

/** The names without what compilers and sharding put into them. */
export function withoutInfixes(state: StateDict): StateDict {
  return new Map([...state].map(([name, tensor]) => [name.replace(INFIXES, '$1'), tensor]));
}

/** Every prefix under which a model may stand, the empty one first. */
export function possiblePrefixes(names: Iterable<string>): string[] {
  const list = [...names];
  const found = [''];
  let newest = [''];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    newest = newest.flatMap((prefix) =>
      WRAPPERS.map((wrapper) => `${prefix}${wrapper}.`).filter((longer) =>
        list.some((name) => name.startsWith(longer)),
      ),
    );
    found.push(...newest);
  }
  return found;
}

/** The tensors under a prefix, without it. */
export function under(state: StateDict, prefix: string): StateDict {
  return new Map(
    [...state].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
}
