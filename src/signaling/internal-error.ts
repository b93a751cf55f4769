/** What a client is shown when the server itself failed; the log says why. */
export const INTERNAL_ERROR = { code: 5000, message: 'Something went wrong on the server.' };
