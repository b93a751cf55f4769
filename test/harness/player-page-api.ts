// What the page of somebody who watches can be asked for.

export interface PlayerView {
  /** What hls.js gave up for. */
  failure: string;
  currentTime: number;
  duration: number;
  width: number;
  isLive: boolean;
  /** Parts of segments that the playlist names: none where it has no low latency. */
  parts: number;
  stalls: number;
}

export interface PlayerPageApi {
  /** Plays a stream; answers the milliseconds until its first picture is shown. */
  play(url: string): Promise<number>;
  /** Milliseconds that so many pictures in a row are behind the clock they show. */
  latencies(count: number): Promise<number[]>;
  /** Goes to a position in seconds; answers the time that the picture there shows. */
  rewind(toSeconds: number): Promise<number>;
  view(): PlayerView;
}
