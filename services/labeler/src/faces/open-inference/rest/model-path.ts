/** `shop/prod/versions/1/infer`: names have slashes, and clients send them as they are. */
export interface ModelPath {
  /** Empty where the path has none. */
  readonly model: string;
  /** Empty for none. */
  readonly version: string;
  /** Empty for the model's metadata. */
  readonly action: string;
}

const ACTIONS = 'ready|infer|config|stats|trace/setting|generate|generate_stream';
const PATH = new RegExp(`^(?<model>.*?)(?:/versions/(?<version>[^/]+))?(?:/(?<action>${ACTIONS}))?$`);

/** What follows `/v2/models/`, decoded. */
export function parseModelPath(path: string): ModelPath {
  const { model = path, version = '', action = '' } = PATH.exec(path)?.groups ?? {};
  return { model, version, action };
}
