// The WebSocket below a connection of socket.io, for what neither of its layers offers: what waits in it, pings, and the
// code that it was closed with.
import type { Socket as EngineSocket } from 'engine.io';
import type { WebSocket } from 'ws';

/** Nothing when the transport is no WebSocket. */
export function webSocketOf(connection: { request: unknown } | EngineSocket): WebSocket | undefined {
  return (connection.request as { websocket?: WebSocket }).websocket;
}
