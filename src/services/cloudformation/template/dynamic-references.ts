// Dynamic references: `{{resolve:ssm:name:version}}` and its kin, anywhere within the strings of a resource's properties.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

import { invalid } from './faults.ts';
import { isFields } from './template.ts';
import type { Value } from './template.ts';

export type DynamicService = 'ssm' | 'ssm-secure' | 'secretsmanager';

/** What a reference stands for; `text` is all that follows the service's name. */
export type DynamicLookUp = (service: DynamicService, text: string) => string;

const REFERENCE = /\{\{resolve:([^:{}]*):([^{}]*)\}\}/g;
const SERVICES: readonly string[] = ['ssm', 'ssm-secure', 'secretsmanager'];

/**
 * Properties that may hold secure strings.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm-secure-strings.html
 */
const SECURE = new Set([
  'AWS::DirectoryService::MicrosoftAD/Password',
  'AWS::DirectoryService::SimpleAD/Password',
  'AWS::ElastiCache::ReplicationGroup/AuthToken',
  'AWS::IAM::User/LoginProfile/Password',
  'AWS::KinesisFirehose::DeliveryStream/RedshiftDestinationConfiguration/Password',
  'AWS::OpsWorks::App/AppSource/Password',
  'AWS::OpsWorks::Stack/CustomCookbooksSource/Password',
  'AWS::OpsWorks::Stack/RdsDbInstances/DbPassword',
  'AWS::RDS::DBCluster/MasterUserPassword',
  'AWS::RDS::DBInstance/MasterUserPassword',
  'AWS::Redshift::Cluster/MasterUserPassword',
]);

/** A value with its references replaced by what they stand for. */
export function resolveDynamicReferences(value: Value, lookUp: DynamicLookUp): Value {
  if (typeof value === 'string') {
    if (!value.includes('{{resolve:')) return value;
    return value.replaceAll(REFERENCE, (reference, service: string, text: string) => {
      if (!SERVICES.includes(service))
        throw invalid(`Dynamic reference ${reference} names no known service.`);
      return lookUp(service as DynamicService, text);
    });
  }
  if (Array.isArray(value))
    return (value as readonly Value[]).map((item) => resolveDynamicReferences(item, lookUp));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolveDynamicReferences(item, lookUp)]),
  );
}

/** Throws where a resource would show a secure string. */
export function checkSecureReferences(type: string, properties: Value): void {
  const places: string[] = [];
  const visit = (value: Value, path: readonly string[]): void => {
    if (typeof value === 'string') {
      const names = path.filter((name) => !/^\d+$/.test(name));
      if (value.includes('{{resolve:ssm-secure:') && !SECURE.has([type, ...names].join('/')))
        places.push([type, 'Properties', ...path].join('/'));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value as Record<string, Value>)) visit(item, [...path, key]);
    }
  };
  visit(properties, []);
  if (places.length > 0) throw invalid(`SSM Secure reference is not supported in: [${places.join(', ')}]`);
}

/** `name` or `name:version`, for both kinds of SSM references. */
export function ssmReference(text: string): { readonly name: string; readonly version?: number } {
  const match = /^(.+?)(?::(\d+))?$/.exec(text);
  if (match === null) throw invalid(`Dynamic reference {{resolve:ssm:${text}}} is not well-formed.`);
  const [, name, version] = match;
  return { name: name as string, ...(version === undefined ? {} : { version: Number(version) }) };
}
