import { type Logger, pino, type TransportSingleOptions } from 'pino';

export type { Logger };

/** Pretty on a terminal, JSON lines otherwise. Tokens and secrets never reach a line (they are not logged at all). */
export function createLogger(level: string): Logger {
  const transport: TransportSingleOptions | undefined = process.stdout.isTTY
    ? { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' } }
    : undefined;
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    ...(transport && { transport }),
  });
}
