// Sets a timer that no part of the world handles, which is what a bug of Sandtable looks like from outside.

import { rehearsal } from 'sandtable';
import { timer } from '#world/index.ts';

export default rehearsal({
  title: 'The world crashes',
  async run({ clock, world }) {
    world.transact('000000000000/us-east-1', { kind: 'script', name: 'nonsense' }, (ctx) => {
      ctx.schedule(timer('nobody/handles-this'), ctx.now + 1000, {});
    });
    await clock.sleep(60_000);
    return { ended: 'never' };
  },
});
