// The entry of the worker threads: what is large is loaded only once the compile cache is in use.

import { useCompileCache } from '#runtime/compile-cache.ts';

useCompileCache();
await import('./rehearsing.ts');
