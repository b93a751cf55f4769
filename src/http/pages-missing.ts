/** What every page address shows while the pages are not built. */
export const PAGES_MISSING = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roomful</title>
<link rel="icon" href="data:,">
<style nonce="__ROOMFUL_NONCE__">
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { max-width: 36rem; padding: 2rem; }
  h1 { margin: 0 0 .5rem; font-size: 2.25rem; letter-spacing: -.02em; }
  p { margin: 0 0 1.5rem; }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
  a { display: block; padding: .75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
      border-radius: .5rem; color: inherit; text-decoration: none; }
  a:hover, a:focus-visible { border-color: currentColor; }
  a span { display: block; opacity: .7; font-size: .875rem; }
</style>
</head>
<body>
<main>
<h1>Roomful</h1>
<p>The server is running, but its pages have not been built in this checkout. Start it with <code>npm start</code>, or
build them with <code>node setup/setup.mjs</code>, and reload. Everything else works without them:</p>
<ul>
<li><a href="/docs">API reference<span>Every call, with examples to try</span></a></li>
<li><a href="/openapi.json">OpenAPI document<span>The same, for programs</span></a></li>
<li><a href="/readyz">Readiness<span>Whether database and media workers are up</span></a></li>
</ul>
</main>
</body>
</html>
`;
