const TITLES = new Map(
  Object.entries({
    labeler: 'Train pseudo labeler',
    threshold: 'Choose threshold δ',
    labeling: 'Label the pool',
    'pseudo-labels': 'Score pseudo labels',
    warmup: 'Warm up',
    'evaluate/labeler': 'Evaluate labeler',
    'evaluate/warmup': 'Evaluate warmup',
  }),
);

/** What a stage's name means, for people. */
export function stageTitle(name: string): string {
  const [, plain = '', round = ''] = /^(.+)\/round-(\d+)$/.exec(name) ?? [];
  if (round !== '') return `${stageTitle(plain)} · round ${round}`;
  const known = TITLES.get(name);
  if (known !== undefined) return known;
  const [, arm = '', seed = ''] = /finetune\/([^/]+)\/(.+)$/.exec(name) ?? [];
  if (arm === '') return name;
  return `${name.startsWith('evaluate/') ? 'Evaluate' : 'Finetune'} ${arm} · seed ${seed}`;
}
