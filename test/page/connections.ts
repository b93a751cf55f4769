// Remembers every peer connection of the page, so that what arrives can be measured below the SDK. Must be loaded
// before the SDK is.
const connections: RTCPeerConnection[] = [];

window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

export async function* statistics(): AsyncGenerator<RTCStatsReport> {
  for (const connection of connections) {
    if (connection.connectionState !== 'closed') yield await connection.getStats();
  }
}
