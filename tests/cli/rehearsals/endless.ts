// Goes on for years.

import { rehearsal } from 'sandtable';

export default rehearsal({
  title: 'It never ends',
  limitMs: 1e15,
  async run({ clock }) {
    // Progress goes to nobody: tests look at whether the thread is busy by what it prints.
    process.stdout.write('endless has begun\n');
    for (;;) await clock.sleep(1);
  },
});
