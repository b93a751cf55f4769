// A compositor that breaks before it is ready, and says why.
process.stderr.write('the encoder could not be opened\n');
process.exitCode = 3;
process.disconnect();
