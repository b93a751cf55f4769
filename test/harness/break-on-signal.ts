// Loaded into a server by a test: breaks it from inside, as a mistake of ours would.
process.on('SIGUSR2', () => {
  // biome-ignore lint/nursery/noFloatingPromises: a promise that nobody handles is what this is for
  Promise.reject(new Error('a promise that nobody handles'));
});
