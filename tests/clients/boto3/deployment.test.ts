import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint } from '../endpoint.ts';

const absent = !answers('python3', '-c', 'import boto3');

/** What deployment.py prints. */
interface Found {
  readonly accessKeyId: string;
  readonly caller: string;
  readonly metadata: Record<string, string>;
  readonly versioned: boolean;
  readonly sameBytes: boolean;
  readonly presigned: { status: number; url: string };
  readonly presignedBySigV2: { status: number; body: string };
  readonly presignedForAnother: { status: number; body: string };
  readonly missingKey: { Code: string; Message: string; Key: string; status: number };
  readonly missingDeployment: { Code: string; Message: string };
  readonly instances: string[];
  readonly instanceTypes: string[];
  readonly health: string[];
  readonly deployment: {
    status: string;
    overview: Record<string, number>;
    seconds: number;
    targets: Record<string, [event: string, status: string][]>;
  };
  readonly wrongSecret: Record<string, string>;
}

// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
const IN_PLACE_EVENTS = [
  'BeforeBlockTraffic',
  'BlockTraffic',
  'AfterBlockTraffic',
  'ApplicationStop',
  'DownloadBundle',
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'ApplicationStart',
  'ValidateService',
  'BeforeAllowTraffic',
  'AllowTraffic',
  'AfterAllowTraffic',
];

describe.skipIf(absent)(
  `boto3 over HTTP${absent ? ' (skipped: python3 with boto3 is not installed)' : ''}`,
  () => {
    let endpoint: ClientEndpoint;
    let found: Found;

    beforeAll(async () => {
      endpoint = await clientEndpoint();
      const script = join(import.meta.dirname, 'deployment.py');
      const { code, out, err } = await run('python3', [script, endpoint.bundles], {
        AWS_ENDPOINT_URL: endpoint.url,
      });
      expect(err).toBe('');
      expect(code).toBe(0);
      found = JSON.parse(out) as Found;
    });
    afterAll(async () => {
      await endpoint.done();
      expect(endpoint.crashes).toEqual([]);
    });

    it('signs with an access key that the endpoint issued', () => {
      expect(found.accessKeyId).toMatch(/^AKIA[A-Z0-9]{16}$/);
      expect(found.caller).toBe('arn:aws:iam::000000000000:user/deployer');
    });

    it('deploys in place behind a load balancer, event by event', () => {
      expect(found.deployment.status).toBe('Succeeded');
      expect(found.deployment.overview['Succeeded']).toBe(2);
      expect(Object.keys(found.deployment.targets).toSorted()).toEqual(found.instances.toSorted());
      for (const events of Object.values(found.deployment.targets))
        expect(events).toEqual(IN_PLACE_EVENTS.map((name) => [name, 'Succeeded']));
      // Two instances, one at a time, each drained for the 30 seconds that its target group asks for.
      expect(found.deployment.seconds).toBeGreaterThan(60);
      expect(found.health).toEqual(['healthy', 'healthy']);
      expect(found.instanceTypes).toEqual(['m6i.large', 'm6i.large']);
    });

    it('stores and reads objects, through presigned URLs too', () => {
      expect(found.metadata).toEqual({ release: 'v1' });
      expect(found.versioned).toBe(true);
      expect(found.sameBytes).toBe(true);
      expect(found.presigned.status).toBe(200);
      expect(found.presigned.url).toContain('X-Amz-Signature=');
      expect(found.presignedForAnother.status).toBe(403);
      expect(found.presignedForAnother.body).toContain('<Code>SignatureDoesNotMatch</Code>');
    });

    // Signature Version 2 is what boto3 presigns with in us-east-1 by default; LocalStack's tests record that AWS takes it there.
    it('takes URLs that boto3 presigns in the old way', () => {
      expect(found.presignedBySigV2.status).toBe(200);
    });

    it('reads the errors of AWS', () => {
      expect(found.missingKey).toEqual({
        Code: 'NoSuchKey',
        Message: 'The specified key does not exist.',
        Key: 'missing.zip',
        status: 404,
      });
      expect(found.missingDeployment.Code).toBe('DeploymentDoesNotExistException');
    });

    it('is refused with a wrong secret by every protocol', () => {
      expect(found.wrongSecret).toEqual({
        sts: 'SignatureDoesNotMatch',
        ec2: 'AuthFailure',
        s3: 'SignatureDoesNotMatch',
        codedeploy: 'InvalidSignatureException',
      });
    });
  },
);
