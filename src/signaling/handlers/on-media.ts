import { asAppError, badRequest } from '../../errors.ts';

/** Runs a call of the SFU on what a client sent; what the SFU refuses is the client's mistake. */
export async function onMedia<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const refused = () => badRequest('MEDIA_REFUSED', `The media server refused this: ${(error as Error).message}`);
    throw asAppError(error) ?? refused();
  }
}
