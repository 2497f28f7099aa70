import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'rehearsals/**/*.test.ts'],
    sequence: { shuffle: true },
    retry: 0,
    isolate: false,
    pool: 'threads',
    reporters: ['default', './tools/count-reporter.ts'],
    testTimeout: 30_000,
  },
};

export default config;
