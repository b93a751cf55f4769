// What the operator reads when the server is up: where it is, the key, and a command that works.
import { mintToken } from '../access/mint.ts';
import type { App } from './app.ts';

/** It is printed where logs are kept. */
const TOKEN_SECONDS = 3600;

/** The secret is shown once, when the key was made; afterwards the command that shows it. */
export async function welcome({ app, keyIsGiven }: { app: App; keyIsGiven: boolean }): Promise<string> {
  const { firstKey, publicUrl } = app;
  const api = app.httpUrl ?? publicUrl;
  const token = await mintToken(firstKey, { expiresInSeconds: TOKEN_SECONDS, roles: ['crawler', 'rtc'] });
  const insecure = api.startsWith('https:') ? ' --insecure' : '';
  const secret = keyIsGiven
    ? 'as set in ROOMFUL_API_SECRET'
    : firstKey.created
      ? firstKey.secret
      : 'kept in the database; show it with: npm run roomful -- keys list --secrets';
  return `
  Roomful is ready.

    Open         ${publicUrl}
    API docs     ${api}/docs
    SDKs         signalingBaseUrl: '${new URL(publicUrl).host}'   apiEndpoint: '${api}'

    API key      ${firstKey.apiKey}
    API secret   ${secret}

  Create a room (the token is good for an hour; make others with: npm run roomful -- token):

    curl${insecure} -X POST ${api}/v2/rooms -H 'Content-Type: application/json' -d '{}' -H 'Authorization: ${token}'

`;
}
