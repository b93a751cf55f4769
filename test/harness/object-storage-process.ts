// The object storage as a process of its own, so that it can be killed in the middle of anything.
import S3rver from 's3rver';

const [directory = '', bucket = '', port = '0'] = process.argv.slice(2);
const server = new S3rver({
  port: Number(port),
  address: '127.0.0.1',
  silent: true,
  directory,
  configureBuckets: [{ name: bucket, configs: [] }],
});
const address = await server.run();
process.send?.({ port: address.port });
process.on('disconnect', () => process.exit(0));
