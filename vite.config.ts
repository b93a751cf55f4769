import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'web',
  plugins: [react()],
  // The server puts a fresh nonce in its place each time it sends the page.
  html: { cspNonce: '__ROOMFUL_NONCE__' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // As a data: URL an asset would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    manifest: true,
  },
});
