export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createMetrics, Counter, Gauge, Histogram, Registry } from './server-metrics.ts';
export { MAX_MESSAGE_BYTES } from './channel-options.ts';
export { serve, implement, type RunningServer, type ServedService, type ServeOptions } from './serve.ts';
export { fitReply, ReplyRoom, type MessageType } from './reply-bytes.ts';
export { encodedMessages, type EncodedOptions } from './encoded-messages.ts';
export type { ServiceContext } from './call-context.ts';
export {
  authorizeHttp,
  authorizeRequest,
  httpFailure,
  TOO_LARGE,
  type HttpAccess,
  type HttpFailure,
} from './http-access.ts';
export { auditHttpRefusal, reasonOf } from './identity/audit.ts';
export { openReloadingCertificates } from './reloading-certificates.ts';
export { openAuthorizer, type Authorizer, type AuthorizerOptions } from './identity/authorizer.ts';
export { ANONYMOUS, authorize, authorizeAlias, type Identity, type Quota } from './identity/identity.ts';
export { METHOD_SCOPES } from './identity/method-scopes.ts';
export { createQuotas, type Quotas } from './identity/quotas.ts';
export { SCOPES, type Scope } from './identity/scope.ts';
export { followWatch, type FollowWatchOptions } from './follow-watch.ts';
export { createClient, type ClientOptions, type DeadlineOptions, type RpcClient } from './create-client.ts';
export { clientSecurityFromEnv, type ClientSecurity, type ServerSecurity } from './security.ts';
export {
  readConfig,
  setting,
  settingsTable,
  type ConfigOf,
  type Setting,
  type Settings,
} from './settings.ts';
export { addressSettings, portSetting, serverSecurity, serverSettings } from './server-settings.ts';
export { takeTurns, type TakeTurnsOptions } from './take-turns.ts';
export { runService, type RunServiceOptions, type ServiceParts } from './run-service.ts';
export { checkAlias } from './check-alias.ts';
export { checkTags } from './check-tags.ts';
export { checkTexts } from './check-text.ts';
export {
  checkpointFileSize,
  publishCheckpointFile,
  type PublishCheckpointFileOptions,
} from './registry-client/publish-checkpoint-file.ts';
export {
  downloadCheckpoint,
  type DownloadCheckpointOptions,
  type DownloadedCheckpoint,
} from './registry-client/download-checkpoint.ts';
