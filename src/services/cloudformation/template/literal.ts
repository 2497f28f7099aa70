// A template that says nothing.

import type { Template } from './template.ts';

export const LITERAL: Template = {
  document: {},
  transforms: [],
  declaredTransforms: [],
  expanded: true,
  parameters: {},
  mappings: {},
  conditions: {},
  rules: {},
  resources: {},
  outputs: {},
  hooks: {},
};
