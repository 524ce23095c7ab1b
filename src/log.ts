// One root logger, made from the configuration. Secrets are cut at the root, so no call site can forget it. Lines are
// written in blocks, each at most a quarter of a second after it was logged, and all of them before the process ends.
import { type DestinationStream, type Logger, pino } from 'pino';

const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'token',
  'secret',
  'SAMLResponse',
  'code',
  'id_token',
]);
const DEPTH = 3;
const BLOCK_BYTES = 8_192;
const WRITE_EVERY_MS = 250;

/** The root logger. Fields of the names above are replaced at any of the three depths that our log lines have. */
export function createLogger(config: { logLevel: string }, destination?: DestinationStream): Logger {
  return pino(
    {
      level: config.logLevel,
      base: null,
      formatters: { log: (fields) => cut(fields, DEPTH), bindings: (fields) => cut(fields, DEPTH) },
      serializers: { err: (error: Error) => cut({ ...pino.stdSerializers.err(error) }, DEPTH - 1) },
    },
    destination ?? standardOutput(),
  );
}

/** In bytes: a block of text would be measured, and so copied, again with each line. */
function standardOutput(): DestinationStream & { flushSync(): void } {
  const options = {
    dest: 1,
    sync: false,
    minLength: BLOCK_BYTES,
    periodicFlush: WRITE_EVERY_MS,
    contentMode: 'buffer',
  };
  const output = pino.destination(options as object);
  return {
    write: (line) => void output.write(Buffer.from(line) as unknown as string),
    flushSync: () => output.flushSync(),
  };
}

/** The same fields with secrets replaced; what holds none is not copied. */
function cut(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  let copy = fields;
  for (const key in fields) {
    const value = fields[key];
    const clean = SECRET_FIELDS.has(key) ? '[redacted]' : depth > 1 ? cutInside(value, depth - 1) : value;
    if (clean === value) continue;
    if (copy === fields) copy = { ...fields };
    copy[key] = clean;
  }
  return copy;
}

/** An error is cut when it has been serialized. */
function cutInside(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((each) => cutInside(each, depth));
  return cut(value as Record<string, unknown>, depth);
}
