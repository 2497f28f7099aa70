import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  resolve: {
    // Rehearsals import the package by its name; tests run them from source.
    alias: [{ find: /^sandtable$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) }],
  },
  test: {
    include: ['{src,tests,rehearsals}/**/*.test.ts', 'examples/in-tests/vitest/*.test.ts'],
    sequence: { shuffle: true },
    retry: 0,
    isolate: false,
    pool: 'threads',
    reporters: ['default', './tools/count-reporter.ts'],
    testTimeout: 30_000,
  },
};

export default config;
