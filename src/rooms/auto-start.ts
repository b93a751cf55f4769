import type { AutoStartRequest } from './ports.ts';

const KINDS = ['recording', 'hls', 'composite'] as const;
/** Options that the create-room page shows beside `config`; the same option inside `config` wins. */
const BESIDE_CONFIG = ['theme', 'mode', 'quality', 'orientation'] as const;

/** What a room's `autoStartConfig` asks for when a session begins, with all composition options inside `config`. */
export function autoStartRequests(autoStartConfig: unknown): AutoStartRequest[] {
  if (autoStartConfig === null || typeof autoStartConfig !== 'object') return [];
  const wishes = autoStartConfig as Record<string, unknown>;
  return KINDS.flatMap((kind) => {
    const wish = wishes[kind];
    return wish !== null && typeof wish === 'object'
      ? [{ kind, request: normalise(wish as Record<string, unknown>) }]
      : [];
  });
}

function normalise(wish: Record<string, unknown>): Record<string, unknown> {
  const { config, ...rest } = wish;
  const merged: Record<string, unknown> = {};
  for (const name of BESIDE_CONFIG) {
    if (rest[name] !== undefined) merged[name] = rest[name];
    delete rest[name];
  }
  return { ...rest, config: { ...merged, ...(config as Record<string, unknown> | undefined) } };
}
