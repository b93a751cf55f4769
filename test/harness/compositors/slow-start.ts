// A compositor that takes longer to start than anybody waits, and ends when it is asked to.
process.on('message', ({ type }: { type: string }) => {
  if (type === 'stop') process.disconnect();
});
