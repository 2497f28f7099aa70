// Block Public Access, and what S3 takes for public.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import { notConfigured } from '../faults.ts';
import { buckets } from '../tables.ts';

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** Everybody: `*`, by itself or as an AWS, federated or canonical principal. */
function namesEverybody({ Principal: principal, NotPrincipal: exempt }: Statement): boolean {
  if (exempt !== undefined) return true;
  if (typeof principal !== 'object' || principal === null) return principal === '*';
  return Object.values(principal).some((names) => listOf(names).includes('*'));
}

/** Condition keys that confine a statement, if their values are fixed. */
const CONFINING = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
]);
const OPERATORS = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$/;

const fixed = (value: unknown): boolean => typeof value === 'string' && !/[*?]|\$\{/.test(value);

/** Address blocks count as fixed unless they are very wide: a /8 is 16 million addresses. */
function narrow(value: unknown): boolean {
  const [, address = '', bits = ''] = /^([0-9a-f.:]+)(?:\/(\d+))?$/i.exec(String(value)) ?? [];
  if (address === '') return false;
  return bits === '' || Number(bits) >= (address.includes(':') ? 32 : 8);
}

function confined({ Condition: condition = {} }: Statement): boolean {
  return Object.entries(condition).some(([operator, keys]) =>
    Object.entries(keys).some(([key, values]) => {
      const name = key.toLowerCase();
      if (operator === 'IpAddress' && name === 'aws:sourceip') return listOf(values).every(narrow);
      return OPERATORS.test(operator) && CONFINING.has(name) && listOf(values).every(fixed);
    }),
  );
}

/** Whether a bucket policy (JSON text) lets in everybody. */
export function isPublic(policy: string): boolean {
  const { Statement: statements } = JSON.parse(policy) as { Statement?: unknown };
  return (listOf(statements) as readonly Statement[]).some(
    (statement) => statement.Effect === 'Allow' && namesEverybody(statement) && !confined(statement),
  );
}

export const publicAccessOperations: Operations<'s3'> = {
  GetPublicAccessBlock(ctx, input) {
    const { name, publicAccessBlock: block } = bucketOf(ctx, input).bucket;
    if (!block) {
      const message = 'The public access block configuration was not found';
      throw notConfigured('NoSuchPublicAccessBlockConfiguration', message, name);
    }
    return {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      },
    };
  },

  PutPublicAccessBlock(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const wanted = input.PublicAccessBlockConfiguration;
    at.update(buckets, bucket, {
      publicAccessBlock: {
        blockPublicAcls: wanted.BlockPublicAcls ?? false,
        ignorePublicAcls: wanted.IgnorePublicAcls ?? false,
        blockPublicPolicy: wanted.BlockPublicPolicy ?? false,
        restrictPublicBuckets: wanted.RestrictPublicBuckets ?? false,
      },
    });
  },

  DeletePublicAccessBlock(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { publicAccessBlock: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};
