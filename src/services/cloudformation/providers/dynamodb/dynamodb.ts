// The types of AWS::DynamoDB that are modelled. AWS::DynamoDB::GlobalTable is not.

import type { Provider } from '../provider.ts';
import { table } from './table.ts';

export const dynamoDbProviders: readonly Provider[] = [table];
