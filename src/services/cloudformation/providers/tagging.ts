// Tags of resources whose services change them by `TagResource` and `UntagResource`.

import type { Input } from '#cloud/contracts.ts';
import type { TypeName, Work } from './provider.ts';

/** How the services call the resource. */
const RESOURCE = {
  codedeploy: 'ResourceArn',
  events: 'ResourceARN',
  lambda: 'Resource',
  monitoring: 'ResourceARN',
  secretsmanager: 'SecretId',
  sns: 'ResourceArn',
} as const;

/** Changes the tags of a resource as its template does. */
export function retag<T extends TypeName>(
  work: Work<T>,
  service: keyof typeof RESOURCE,
  resource: string,
): void {
  const { put, remove } = work.tagChanges();
  const tagged = { [RESOURCE[service]]: resource };
  // Of these services only Lambda wants an object.
  const Tags = service === 'lambda' ? Object.fromEntries(put.map(({ Key, Value }) => [Key, Value])) : put;
  work.call(service, 'TagResource', { ...tagged, Tags } as Input<typeof service, 'TagResource'>);
  if (remove.length === 0) return;
  const input = { ...tagged, TagKeys: remove } as unknown as Input<typeof service, 'UntagResource'>;
  work.call(service, 'UntagResource', input);
}
