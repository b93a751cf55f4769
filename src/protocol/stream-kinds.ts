/** Streams as `pauseAllConsumers` and the media state name them. */
export const STREAM_KINDS = ['audio', 'video', 'share', 'shareAudio'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];
