// What DynamoDB answers when something is wrong with a request.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html

import { Fault } from '#contract/fault.ts';

export function invalid(message: string): Fault {
  return new Fault('ValidationException', message);
}

export function invalidValues(message: string): Fault {
  return invalid(`One or more parameter values were invalid: ${message}`);
}

/** Found in requests before their table is looked at; recorded from AWS in August 2026. */
const COUNTED =
  /^(?:Value provided in ExpressionAttribute|ExpressionAttributeValues must not be empty|Invalid UpdateExpression: (?:The expression can not be empty|The "|Two document paths overlap)|One or more parameter values were invalid: An (?:string|number) set {2}may not be empty)/;
const IN_VALUES =
  /^ExpressionAttributeValues contains invalid value: (.* set {2}may not be empty) for key .*$/;

/** PutItem, UpdateItem and DeleteItem count some errors, which reads and transactions answer in the same words without. */
export function counted<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const message = error.message.replace(IN_VALUES, '$1');
    throw COUNTED.test(message) ? invalid(`1 validation error detected: ${message}`) : error;
  }
}

/** In other words than those of values that are invalid. */
export function notValid(what: string): Fault {
  return invalid(`One or more parameter values are not valid. ${what}`);
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
