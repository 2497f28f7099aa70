// What a table is asked to be: keys, indexes and throughput, checked in DynamoDB's order.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html

import type { Input } from '#cloud/contracts.ts';
import { notModelled } from '#cloud/refuse.ts';
import { invalid, invalidValues } from '../faults.ts';
import { keyList } from '../keys.ts';
import type { Index, Key, Keys, Throughput } from '../rows.ts';
import { MOST_GLOBAL_INDEXES, MOST_LOCAL_INDEXES, MOST_PROJECTED } from '../timings.ts';

type CreateTable = Input<'dynamodb', 'CreateTable'>;
type GlobalIndex = NonNullable<CreateTable['GlobalSecondaryIndexes']>[number];
type LocalIndex = NonNullable<CreateTable['LocalSecondaryIndexes']>[number];
type KeySchema = NonNullable<CreateTable['KeySchema']>;
type Definitions = NonNullable<CreateTable['AttributeDefinitions']>;
type WireThroughput = NonNullable<CreateTable['ProvisionedThroughput']>;

const MOST_UNITS = 1_000_000_000_000;

export interface Definition {
  readonly attributes: readonly Key[];
  readonly keys: Keys;
  readonly indexes: readonly Index[];
  readonly throughput?: Throughput;
}

export function definitionOf(input: CreateTable): Definition {
  const { AttributeDefinitions = [], KeySchema = [], BillingMode, ProvisionedThroughput } = input;
  const { LocalSecondaryIndexes, GlobalSecondaryIndexes } = input;
  const onDemand = BillingMode === 'PAY_PER_REQUEST';
  const throughput = throughputOf(onDemand, ProvisionedThroughput);
  const attributes = attributesOf(AttributeDefinitions);
  checkPair(KeySchema, 'keySchema');
  const keys = keysOf(KeySchema, attributes);
  const local = localIndexes(LocalSecondaryIndexes, keys, attributes);
  if (GlobalSecondaryIndexes?.length === 0) throw invalidValues('List of GlobalSecondaryIndexes is empty');
  const global = (GlobalSecondaryIndexes ?? []).map((index) => globalIndex(index, attributes, onDemand));
  const indexes = [...local, ...global];
  checkIndexes(indexes);
  checkUsed(attributes, keys, indexes);
  return { attributes, keys, indexes, ...(throughput && { throughput }) };
}

/** What all indexes of a table have to be together. */
export function checkIndexes(indexes: readonly Index[]): void {
  const names = new Set<string>();
  for (const { name } of indexes) {
    if (names.has(name)) throw invalidValues(`Duplicate index name: ${name}`);
    names.add(name);
  }
  const locals = indexes.filter(({ kind }) => kind === 'local').length;
  if (locals > MOST_LOCAL_INDEXES)
    throw invalidValues('Number of LocalSecondaryIndexes exceeds per-table limit of 5');
  if (indexes.length - locals > MOST_GLOBAL_INDEXES)
    throw invalidValues('GlobalSecondaryIndex count exceeds the per-table limit of 20');
  const projected = indexes.reduce((sum, { included }) => sum + included.length, 0);
  if (projected > MOST_PROJECTED)
    throw invalidValues(
      `Number of projected attributes across all indexes of the table exceeds limit of ${MOST_PROJECTED}`,
    );
}

/** Each attribute that is defined is a key of something. */
export function checkUsed(attributes: readonly Key[], keys: Keys, indexes: readonly Index[]): void {
  const used = usedNames(keys, indexes);
  if (attributes.every(({ name }) => used.has(name))) return;
  if (indexes.length === 0)
    throw invalidValues(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  const defined = attributes.map(({ name }) => name);
  throw invalidValues(
    `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}

export function usedNames(keys: Keys, indexes: readonly Index[]): Set<string> {
  return new Set([keys, ...indexes.map((index) => index.keys)].flatMap(keyList).map(({ name }) => name));
}

export function attributesOf(definitions: Definitions): Key[] {
  const attributes = definitions.map(({ AttributeName: name, AttributeType: type }) => ({ name, type }));
  const names = new Set(attributes.map(({ name }) => name));
  if (names.size < attributes.length)
    throw invalidValues('Cannot have two attributes with the same name in AttributeDefinitions');
  return attributes;
}

function throughputOf(onDemand: boolean, given: WireThroughput | undefined): Throughput | undefined {
  if (onDemand) {
    if (given)
      throw invalidValues(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    return undefined;
  }
  if (!given)
    throw invalidValues(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  return unitsOf(given);
}

export function unitsOf({ ReadCapacityUnits: read, WriteCapacityUnits: write }: WireThroughput): Throughput {
  if (read > MOST_UNITS) throw invalid(`Given value ${read} for ReadCapacityUnits is out of bounds`);
  if (write > MOST_UNITS) throw invalid(`Given value ${write} for WriteCapacityUnits is out of bounds`);
  return { read, write, lowerings: 0 };
}

/** Only keys of global indexes have more than two attributes, so that the model has no limit; the words are moto's. */
function checkPair(schema: KeySchema, path: string): void {
  if (schema.length <= 2) return;
  const elements = schema.map(
    ({ AttributeName, KeyType }) => `KeySchemaElement(attributeName=${AttributeName}, keyType=${KeyType})`,
  );
  throw invalid(
    `1 validation error detected: Value '[${elements.join(', ')}]' at '${path}' failed to satisfy constraint: Member must have length less than or equal to 2`,
  );
}

function keysOf(schema: KeySchema, attributes: readonly Key[]): Keys {
  const names = schema.map(({ AttributeName }) => AttributeName);
  const missing = names.filter((name) => !attributes.some((one) => one.name === name));
  if (missing.length > 0) {
    if (names.length > attributes.length)
      throw invalid('Invalid KeySchema: Some index key attribute have no definition');
    const defined = attributes.map(({ name }) => name);
    throw invalidValues(
      `Some index key attributes are not defined in AttributeDefinitions. Keys: [${names.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
    );
  }
  if (names.length > 1 && names[0] === names[1])
    throw invalid('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  const [first, second] = schema;
  if (first?.KeyType !== 'HASH')
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  if (second && second.KeyType !== 'RANGE')
    throw invalid('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  const [hash, range] = names.map((name) => attributes.find((one) => one.name === name) as Key);
  return { hash: hash as Key, ...(range && { range }) };
}

function localIndexes(
  given: readonly LocalIndex[] | undefined,
  keys: Keys,
  attributes: readonly Key[],
): Index[] {
  if (!given) return [];
  if (given.length === 0) throw invalidValues('List of LocalSecondaryIndexes is empty');
  if (!keys.range)
    throw invalidValues(
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    );
  return given.map((index, at) => {
    checkPair(index.KeySchema, `localSecondaryIndexes.${at + 1}.member.keySchema`);
    const own = keysOf(index.KeySchema, attributes);
    if (!own.range)
      throw invalidValues(`Index KeySchema does not have a range key for index: ${index.IndexName}`);
    if (own.hash.name !== keys.hash.name)
      throw invalidValues(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.IndexName}. index hash key: ${own.hash.name}, table hash key: ${keys.hash.name}`,
      );
    return { name: index.IndexName, kind: 'local', keys: own, ...projectionOf(index), status: 'ACTIVE' };
  });
}

export function globalIndex(
  index: GlobalIndex,
  attributes: readonly Key[],
  onDemand: boolean,
): Index & { readonly kind: 'global' } {
  const { IndexName: name, ProvisionedThroughput } = index;
  if (index.KeySchema.length > 2)
    throw notModelled('dynamodb', 'CreateTable', `KeySchema of more than two attributes`);
  const keys = keysOf(index.KeySchema, attributes);
  const projection = projectionOf(index);
  if (onDemand && ProvisionedThroughput)
    throw invalidValues(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  if (!onDemand && !ProvisionedThroughput)
    throw invalidValues(`ProvisionedThroughput must be specified for index: ${name}`);
  return {
    name,
    kind: 'global',
    keys,
    ...projection,
    status: 'ACTIVE',
    ...(ProvisionedThroughput && { throughput: unitsOf(ProvisionedThroughput) }),
  };
}

function projectionOf({ Projection }: LocalIndex | GlobalIndex): Pick<Index, 'projection' | 'included'> {
  const { ProjectionType: projection, NonKeyAttributes } = Projection;
  if (projection === undefined) throw invalidValues('Unknown ProjectionType: null');
  if (NonKeyAttributes && projection !== 'INCLUDE')
    throw invalidValues(`ProjectionType is ${projection}, but NonKeyAttributes is specified`);
  if (!NonKeyAttributes && projection === 'INCLUDE')
    throw invalidValues('ProjectionType is INCLUDE, but NonKeyAttributes is not specified');
  return { projection, included: NonKeyAttributes ?? [] };
}
