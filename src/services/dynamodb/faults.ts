// What DynamoDB answers when something is wrong with a request.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html

import { Fault } from '#contract/fault.ts';

export function invalid(message: string): Fault {
  return new Fault('ValidationException', message);
}

export function invalidValues(message: string): Fault {
  return invalid(`One or more parameter values were invalid: ${message}`);
}

export function inUse(tableName: string, doing: 'created' | 'updated' | 'deleted'): Fault {
  return new Fault(
    'ResourceInUseException',
    `Attempt to change a resource which is still in use: Table is being ${doing}: ${tableName}`,
  );
}

/** What the operations on tables answer. */
export function noTable(tableName: string): Fault {
  return new Fault(
    'ResourceNotFoundException',
    `Requested resource not found: Table: ${tableName} not found`,
  );
}

/** What the operations on items answer, and those that come too early. */
export function noResource(): Fault {
  return new Fault('ResourceNotFoundException', 'Requested resource not found');
}
