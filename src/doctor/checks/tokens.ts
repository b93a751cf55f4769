import { type Check, ok, plural, warning } from '../check.ts';
import { type InspectDatabase, reached } from './database.ts';

/** Whose tokens carry no roles: a participant's token is then as good as a backend's for the documented API. */
export function tokensCheck(inspect: InspectDatabase, rolesRequired: boolean): Check {
  return {
    name: 'tokens',
    title: 'Tokens',
    timeoutMs: 30_000,
    advice:
      'Give backends tokens with roles: ["crawler"] and participants roles: ["rtc"], then run `roomful keys roles <api key> required`.',
    async run() {
      if (rolesRequired) return ok('Every API key takes tokens with roles only.');
      const facts = await reached(inspect);
      if ('level' in facts) return facts;
      const keys = facts.keysWithoutRoles;
      if (keys.length === 0) return ok('No API key was used with tokens without roles in the last 30 days.');
      const named = keys.map(({ apiKey, name, usedAt }) => `${name} (${apiKey}, last on ${day(usedAt)})`).join(', ');
      const found = `${plural(keys.length, 'API key')} called the REST API with tokens without roles: ${named}.`;
      return warning(found, this.advice);
    },
  };
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
