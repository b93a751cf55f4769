// The same room as a program would ask for it.

type Body = Record<string, unknown>;

/** A command for a POSIX shell; quotes in names of rooms stay what they are. */
export function curlCode(body: Body, server: string): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return `curl -X POST '${server}/v2/rooms' \\
  -H "Authorization: $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '${json}'`;
}

/** For the official server SDK, which takes the body as it is. */
export function sdkCode(body: Body, server: string): string {
  const wish = Object.keys(body).length === 0 ? '' : literal(body, 0);
  return `import { VideoSDK } from "@videosdk.live/server-sdk";

const client = new VideoSDK({
  apiKey: process.env.VIDEOSDK_API_KEY,
  secret: process.env.VIDEOSDK_SECRET,
  apiEndpoint: ${JSON.stringify(server)},
});

const room = await client.rooms.create(${wish});
console.log(room.roomId);`;
}

export function fetchCode(body: Body, server: string): string {
  return `const answer = await fetch(${JSON.stringify(`${server}/v2/rooms`)}, {
  method: "POST",
  headers: { authorization: token, "content-type": "application/json" },
  body: JSON.stringify(${literal(body, 1)}),
});
const { roomId } = await answer.json();`;
}

/** JSON with plain names where JavaScript allows them. */
function literal(value: unknown, depth: number): string {
  const indented = JSON.stringify(value, null, 2).replace(/^( *)"([A-Za-z_]\w*)":/gm, '$1$2:');
  return indented.replaceAll('\n', `\n${'  '.repeat(depth)}`);
}
