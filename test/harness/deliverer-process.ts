// Delivers webhooks of the database named in the first argument until it is killed; says `ready` to its parent.
import { createOutbound } from '../../src/kit/outbound/outbound.ts';
import { createLogger } from '../../src/log.ts';
import { openDatabase } from '../../src/store/database.ts';
import { DeliveryQueue } from '../../src/store/delivery-queue.ts';
import { WebhookStore } from '../../src/store/webhook-store.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';

const [url = ''] = process.argv.slice(2);
const { db } = await openDatabase(url);
const webhooks = await Webhooks.create({
  queue: new DeliveryQueue(db, url),
  store: new WebhookStore(db),
  outbound: createOutbound({ allow: ['127.0.0.0/8'] }),
  log: createLogger('warn'),
  nodeId: 'killed-node',
});
await webhooks.start();
process.send?.('ready');
// Without a parent there is nobody to kill it.
process.on('disconnect', () => process.exit());
