// The WebSocket below a connection of socket.io, for what neither of its layers offers: what waits in it, pings, and the
// code that it was closed with.
import type { Socket as EngineSocket } from 'engine.io';
import type { WebSocket } from 'ws';

/** A message over its bound (RFC 6455, 7.4.1). */
const MESSAGE_TOO_BIG = 1009;

/** ws closes a connection whose message is over its bound without a word; this gives it a reason, and `first` a say. */
export function explainTooBig(webSocket: WebSocket, reason: string, first: () => void = () => undefined): void {
  const { close } = webSocket;
  webSocket.close = (code, data) => {
    if (code === MESSAGE_TOO_BIG) first();
    close.call(webSocket, code, code === MESSAGE_TOO_BIG ? reason : data);
  };
}

/** Nothing when the transport is no WebSocket. */
export function webSocketOf(connection: { request: unknown } | EngineSocket): WebSocket | undefined {
  return (connection.request as { websocket?: WebSocket }).websocket;
}
