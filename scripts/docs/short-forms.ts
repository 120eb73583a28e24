/** What a command is run as, or why it is not run here. */
export type ShortForm = { readonly run: string; readonly mayRefuse?: boolean } | { readonly skip: string };

interface Rule {
  readonly command: RegExp;
  readonly form: (text: string) => ShortForm;
}

/** Enough steps that a detector finds something in the pictures of the docs, on any machine the same. */
const steps = (labeler: number, warmup: number, finetune: number): string =>
  [
    ...[`labeler.iterations=${labeler}`, `warmup.iterations=${warmup}`, `finetune.iterations=${finetune}`],
    ...['labeler', 'warmup', 'finetune'].flatMap((stage) => [
      `${stage}.batchSize=4`,
      `${stage}.learningRate=0.003`,
    ]),
  ]
    .map((change) => `--set ${change}`)
    .join(' ');
/** Else a tenth of what `cassl init` has proposed, which follows the speed of the machine. */
const WARM_UP = ['labeler', 'warmup', 'finetune'].map((stage) => `--set ${stage}.warmupIterations=10`);
const PHOTOS_STEPS = [steps(120, 120, 60), ...WARM_UP].join(' ');
const SCENES_STEPS = `${steps(200, 200, 80)} --set 'data.scenes={"labeled":40,"unlabeled":48,"val":12,"size":128,"seed":0}'`;

const skip =
  (reason: string): Rule['form'] =>
  () => ({ skip: reason });
const run =
  (change: (text: string) => string): Rule['form'] =>
  (text) => ({ run: change(text) });
const add = (more: string): Rule['form'] => run((text) => `${text} ${more}`);

/** The first that matches counts; a command that none matches is run as it stands, if it is one of `cassl`. */
const RULES: readonly Rule[] = [
  { command: /^make |^npm test |^npx vitest /, form: skip('CI runs it, or what it starts, by itself') },
  { command: /cassl up/, form: skip('it runs already, for all the others') },
  // What a page before has made is there.
  {
    command: /^cassl init /,
    form: add('--force'),
  },
  { command: /^cassl run .*--check/, form: run((text) => text) },
  { command: /^cassl run pipelines\//, form: add(SCENES_STEPS) },
  { command: /^cassl run /, form: add(PHOTOS_STEPS) },
  { command: /^cassl label s3:/, form: skip('needs a bucket') },
  { command: / --teacher /, form: skip("needs a teacher of the reader's own") },
  {
    command: /cassl label photos\/ /,
    form: run((text) =>
      text.replace(/^.*cassl/, 'cassl').replace('--alias labeler', '--alias photos/labeler'),
    ),
  },
  {
    command: /^cassl load /,
    form: run((text) =>
      text
        .replace('127.0.0.1:7102', '$LABELER')
        .replace('http://127.0.0.1:7182', '$LABELER_HTTP')
        .replace('warmup@prod', 'photos/detector')
        .replace('--images photos', '--images photos/more --duration 1 --warm-up 0'),
    ),
  },
  {
    command: /^curl /,
    form: run((text) =>
      text
        .replace('http://127.0.0.1:7182', '$LABELER_HTTP')
        .replaceAll('warmup@prod', 'photos/detector')
        .replace('models/photos/', 'models/photos%2F')
        .replace('curl ', 'curl --fail-with-body --silent --show-error '),
    ),
  },
  // The labeling is done long before somebody could hold it.
  { command: /^cassl jobs (pause|resume|retry)/, form: (text) => ({ run: text, mayRefuse: true }) },
  // What it prints as its result is the SET of the page.
  {
    command: /^cassl jobs show labeling/,
    form: run(
      (text) =>
        `${text} && cassl jobs show --json labeling/photos-1 | grep -o '"labelSetUri":"[^"]*"' | cut -d'"' -f4 > set`,
    ),
  },
  // The threshold that a few steps reach is not the page's.
  { command: /^cassl labels choose/, form: (text) => ({ run: text, mayRefuse: true }) },
  { command: /^cassl export .*--for onnx/, form: skip('libs/onnx tests it over every preset') },
];

/** How `make test-docs` runs a command of a page, in a folder as `prepare-folder.ts` makes it. */
export function shortForm(command: string): ShortForm {
  const text = command.replaceAll(/(^|\s)\/data\b/g, '$1data').replace(/\bSET\b/, '"$SET"');
  const withSet = text.includes('$SET') ? `SET=$(cat set); ${text}` : text;
  const rule = RULES.find(({ command: pattern }) => pattern.test(text));
  if (rule !== undefined) return rule.form(withSet);
  return text.startsWith('cassl ') ? { run: withSet } : { skip: 'no command of cassl' };
}
