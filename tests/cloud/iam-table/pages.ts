// All pages of the table.

import { accounts } from './accounts.ts';
import { context } from './context.ts';
import { elements } from './elements.ts';
import { limits } from './limits.ts';
import { operators } from './operators.ts';
import type { Page } from './row.ts';
import { services } from './services.ts';
import { sets } from './sets.ts';
import { variables } from './variables.ts';

export const PAGES: readonly Page[] = [
  ...accounts,
  ...limits,
  ...elements,
  ...variables,
  ...operators,
  ...sets,
  ...services,
  ...context,
];
