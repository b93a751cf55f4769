// Starts a browser as a page would be recorded with, and ends it again.
import type { PageBounds } from './ipc.ts';
import { Browser } from './worker/page/browser.ts';

/** Nobody listens there: nothing is loaded. */
const NOBODY = { proxyPort: 1, directHost: '127.0.0.1:1' };

/** Returns its name and version; rejects with the reason when it could not be started. */
export async function tryBrowser(program: string, sandboxed: boolean, bounds: PageBounds): Promise<string> {
  const browser = await Browser.launch({
    ...NOBODY,
    program,
    sandboxed,
    bounds,
    size: { width: 320, height: 180 },
    titleOfFilmed: '',
    certificates: [],
    onGone: () => undefined,
  });
  try {
    const { product } = await browser.devTools.send('Browser.getVersion');
    return String(product);
  } finally {
    await browser.close();
  }
}
