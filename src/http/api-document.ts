// What the API document says beside the routes themselves.

export const API_DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Roomful API',
    version: '2',
    description:
      'Rooms, sessions, their participants, recordings and streams; compatible with the v2 REST API of VideoSDK. ' +
      'Every call carries a token in the header `Authorization`: a JWT signed with HS256 and the secret of an API key, ' +
      'with the claim `apikey`.',
  },
  tags: [
    { name: 'Rooms', description: 'Rooms last until they are deactivated; meetings are held in them.' },
    {
      name: 'Sessions',
      description: 'A session is one occupancy of a room: from the first who enters to the last who leaves.',
    },
    { name: 'Joining', description: 'Asked by the browser SDKs themselves.' },
    { name: 'Recordings', description: 'Sessions composed into files.' },
    { name: 'HLS', description: 'Sessions composed into streams for players.' },
    { name: 'Livestreams', description: 'Sessions composed and sent to RTMP servers.' },
    { name: 'Files', description: 'Files that participants share, used by the browser SDKs.' },
  ],
  components: {
    securitySchemes: {
      token: {
        type: 'apiKey' as const,
        in: 'header' as const,
        name: 'Authorization',
        description: 'The token itself; a `Bearer ` before it is accepted.',
      },
    },
  },
};
