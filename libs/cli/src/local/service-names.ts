/** In the order in which they start: each needs only those before it to answer. */
export const SERVICE_NAMES = ['registry', 'labeler', 'evaluator', 'trainer'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Where each service listens unless told otherwise. */
export const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = {
  registry: 7100,
  trainer: 7101,
  labeler: 7102,
  evaluator: 7103,
};

/** HTTP ports: the registry's views, the labeler's faces. */
export const DEFAULT_HTTP_PORTS: Readonly<Partial<Record<ServiceName, number>>> = {
  registry: 7180,
  labeler: 7182,
};
/** Of the console's page. */
export const DEFAULT_CONSOLE_PORT = 7190;

/** `host:port` of every service. */
export type Endpoints = Readonly<Record<ServiceName, string>>;
