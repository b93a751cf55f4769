// One file for each kind of output; this one knows them all.
import type { SinkSpec } from '../../ipc.ts';
import { Mp4FileSink, WebmFileSink } from './file.ts';
import { HlsSink } from './hls.ts';
import { RtmpSink } from './rtmp/rtmp.ts';
import type { Sink, SinkEvents, Tracks } from './sink.ts';

export interface SinkContext {
  /** What may be reached although it is private; nothing when whoever asked has checked the address. */
  outboundAllow: readonly string[] | undefined;
}

export function createSink(spec: SinkSpec, tracks: Tracks, context: SinkContext, events: SinkEvents): Promise<Sink> {
  switch (spec.kind) {
    case 'file':
      return spec.format === 'mp4'
        ? Mp4FileSink.open(spec.path, tracks, events)
        : WebmFileSink.open(spec.path, tracks, events);
    case 'hls':
      return HlsSink.open(spec.folder, tracks, events);
    case 'rtmp':
      return RtmpSink.open(spec.url, tracks, context, events);
  }
}
