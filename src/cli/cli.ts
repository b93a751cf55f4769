// The commands beside `serve`: tokens, API keys, rooms, nodes and the doctor from a terminal.
import { AppError } from '../errors.ts';
import { StartError } from '../kit/start-error.ts';
import { doctorCommand } from './doctor.ts';
import { type Installation, readInstallation } from './installation.ts';
import { keysCommand } from './keys.ts';
import { nodesCommand } from './nodes.ts';
import { roomsCommand } from './rooms.ts';
import { tokenCommand } from './token.ts';
import { UsageError } from './usage-error.ts';

export const USAGE = `Usage: roomful <command> [options]

  serve                    Run the server.

  token                    Print a token for the REST API and for joining.
      --room <id>            good for this room only
      --participant <id>     good for this participant only
      --permissions <words>  of allow_join, ask_join, allow_mod; default allow_join,allow_mod
      --roles <words>        of crawler (REST API), rtc (joining); default both: documented calls, and joining
      --expires <time>       such as 30m, 24h or 7d; default 24h
      --key <api key>        the key to sign with; default the first

  keys list                List API keys.  --json, --secrets
  keys create              Make an API key of an owner of its own, who sees none of the others' rooms.
      --name <text>          what it is for
      --owner <owner>        for the owner of that id, or of that API key, instead
      --roles required       calls of the REST API take a token with a role
  keys disable <api key>   End a key for good.
  keys rotate <api key>    Give a key a new secret; the old one stays good for a day.
      --keep <time>          stays good so long, such as 1h
      --now                  ends at once
  keys end-old <api key>   End the old secret of a rotation.
  keys roles <api key> required|optional
                           Say whether calls of the REST API take a token with a role.

  rooms list               List rooms.  --query <id>, --page <n>, --per-page <n>
  rooms create             Make a room.  --custom-id <id>, --webhook <url>, --events <patterns>, --body <json>
  rooms get <id>           Show a room.
  rooms deactivate <id>    End a room for good.
      --url <address>        the server to ask; default this machine's
      --key <api key>        the key to ask with; default the first

  nodes list               List the servers that share this database.  --json
  nodes drain <node>       Take a node out of service: no new session begins there, what goes on there ends by itself.
      --wait <time>          wait so long, such as 30m, until nothing is left; fails when something is
  nodes undrain <node>     Put it back.
                           <node> is its id or address; with a single one it can be left out.

  doctor                   Examine the installation, whether the server runs or not; fails when something is wrong.
      --json                 print the findings as JSON

Settings come from the same environment variables as the server's.`;

type Command = (args: readonly string[], installation: Installation) => Promise<string>;

const COMMANDS: Record<string, Command> = {
  token: tokenCommand,
  keys: keysCommand,
  rooms: roomsCommand,
  nodes: nodesCommand,
};

/** Runs one command and returns the exit code: 0, 1 when it failed, 2 when it was not understood. */
export async function runCli([name = '', ...args]: readonly string[]): Promise<number> {
  if (['', 'help', '--help', '-h'].includes(name) || args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  try {
    // It reads the settings by itself, since wrong ones are among what it finds.
    if (name === 'doctor') return await doctorCommand(args);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new UsageError(`There is no command '${name}'`);
    console.log(await command(args, readInstallation()));
    return 0;
  } catch (error) {
    return tell(error);
  }
}

function tell(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`${error.message}. 'roomful help' lists the commands.`);
    return 2;
  }
  // Only what was written for people to read; anything else is a bug and shows where it happened.
  if (!(error instanceof StartError || error instanceof AppError)) throw error;
  console.error(error.message);
  return 1;
}
