/** A framework's configuration as JSON has it. */
export type Config = Readonly<Record<string, unknown>>;
