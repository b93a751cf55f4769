// What a room's `autoStartConfig` asks for, as requests that could as well have come one by one.

/** Something auto-start asks for when a session begins. */
export interface AutoStartRequest {
  kind: 'recording' | 'hls' | 'composite';
  request: unknown;
}

const KINDS = ['recording', 'hls', 'composite'] as const;
/** Options that the create-room page shows beside `config`; the same option inside `config` wins. */
const BESIDE_CONFIG = ['theme', 'mode', 'quality', 'orientation'] as const;

/** Returns the requests of a room's `autoStartConfig`, each with all composition options inside `config`. */
export function autoStartRequests(autoStartConfig: unknown): AutoStartRequest[] {
  if (autoStartConfig === null || typeof autoStartConfig !== 'object') return [];
  const requests = autoStartConfig as Record<string, unknown>;
  return KINDS.flatMap((kind) => {
    const request = requests[kind];
    return request !== null && typeof request === 'object'
      ? [{ kind, request: normalise(request as Record<string, unknown>) }]
      : [];
  });
}

function normalise(request: Record<string, unknown>): Record<string, unknown> {
  const { config, ...rest } = request;
  const merged: Record<string, unknown> = {};
  for (const name of BESIDE_CONFIG) {
    if (rest[name] !== undefined) merged[name] = rest[name];
    delete rest[name];
  }
  return { ...rest, config: { ...merged, ...(config as Record<string, unknown> | undefined) } };
}
