// Starts a browser as a page would be recorded with, and ends it again.
import type { PageBounds } from '../../compositor/ipc.ts';
import { Browser } from '../../compositor/page/browser.ts';

/** Nothing listens there, so nothing is loaded. */
const UNREACHABLE = { proxyPort: 1, directHost: '127.0.0.1:1' };

/** Returns its name and version; rejects with the reason when it could not be started. */
export async function tryBrowser(program: string, sandboxed: boolean, bounds: PageBounds): Promise<string> {
  const browser = await Browser.launch({
    ...UNREACHABLE,
    program,
    sandboxed,
    bounds,
    size: { width: 320, height: 180 },
    titleOfCaptured: '',
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
