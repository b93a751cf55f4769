// rtmp://server/application/stream-key: where to connect, what to ask for, and what must never be told.

export interface RtmpTarget {
  hostname: string;
  port: number;
  isSecure: boolean;
  application: string;
  /** The stream key, with its query. */
  playPath: string;
  /** The address without the stream key. */
  publicUrl: string;
  /** Every piece of text that gives the key away. */
  secrets: string[];
}

const DEFAULT_PORTS = { 'rtmp:': 1935, 'rtmps:': 443 } as const;

export function parseRtmpUrl(text: string): RtmpTarget {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'rtmp:' && url.protocol !== 'rtmps:')) {
    throw new Error('the URL must begin with rtmp:// or rtmps://');
  }
  if (url.hostname === '') throw new Error('the URL names no host');
  const parts = url.pathname.split('/').filter((part) => part !== '');
  // Some servers have only an application, and take any stream.
  const key = parts.length > 1 ? (parts.at(-1) ?? '') : '';
  const application = parts.length > 1 ? parts.slice(0, -1).join('/') : (parts[0] ?? '');
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const secrets = [key, decodeURIComponent(key), url.search.slice(1)].filter((secret) => secret.length > 3);
  return {
    hostname,
    port: url.port ? Number(url.port) : DEFAULT_PORTS[url.protocol],
    isSecure: url.protocol === 'rtmps:',
    application,
    playPath: `${key}${url.search}`,
    publicUrl: `${url.protocol}//${url.host}/${application}`,
    secrets,
  };
}
