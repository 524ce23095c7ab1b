// One root logger, made from the configuration. Secrets are cut at the root, so no call site can forget it.
import { type DestinationStream, type Logger, pino } from 'pino';

const SECRET_FIELDS = ['authorization', 'cookie', 'password', 'token', 'secret', 'SAMLResponse', 'code', 'id_token'];

/** The root logger. Fields of the names above are replaced at any of the three depths that our log lines have. */
export function createLogger(config: { logLevel: string }, destination?: DestinationStream): Logger {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*["set-cookie"]`]);
  return pino(
    { level: config.logLevel, redact: { paths: [...new Set(paths)], censor: '[redacted]' }, base: null },
    ...(destination ? [destination] : []),
  );
}
