// The addresses of the pages, for the server that answers them and for the router in the browser. `$name` is a part
// that varies.

export const PAGES = {
  home: '/',
  signIn: '/sign-in',
  rooms: '/rooms',
  newRoom: '/rooms/new',
  room: '/rooms/$roomId',
  sessions: '/sessions',
  session: '/sessions/$sessionId',
  recordings: '/recordings',
  recording: '/recordings/$recordingId',
  hlsStreams: '/hls',
  hlsStream: '/hls/$hlsId',
  livestreams: '/livestreams',
  livestream: '/livestreams/$livestreamId',
  webhooks: '/webhooks',
  webhookEndpoints: '/webhooks/endpoints',
  webhookTools: '/webhooks/tools',
  delivery: '/webhooks/deliveries/$deliveryId',
  keys: '/keys',
  tokens: '/tokens',
  system: '/system',
  meeting: '/meet/$roomId',
  watch: '/watch/$hlsId',
} as const;
