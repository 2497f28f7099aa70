// AWS::Route53::HealthCheck.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Properties, Provider } from '../provider.ts';
import { retag } from './tagging.ts';

type Config = Input<'route53', 'CreateHealthCheck'>['HealthCheckConfig'];
type Said = Properties<'AWS::Route53::HealthCheck'>['HealthCheckConfig'];
type Reset = NonNullable<Input<'route53', 'UpdateHealthCheck'>['ResetElements']>[number];

/** Settings that an update can take back. */
const RESETTABLE: readonly Reset[] = [
  'ChildHealthChecks',
  'FullyQualifiedDomainName',
  'Regions',
  'ResourcePath',
];
/** Settings that only replacement changes. */
const FIXED = new Set(['Type', 'MeasureLatency', 'RequestInterval', 'RoutingControlArn']);

export const healthCheck: Provider = provider({
  type: 'AWS::Route53::HealthCheck',
  passedOn: ['HealthCheckConfig'],
  create(work) {
    const { HealthCheckConfig, HealthCheckTags } = work.properties;
    const { HealthCheck } = work.call('route53', 'CreateHealthCheck', {
      CallerReference: work.ctx.uuid('health-check-reference'),
      HealthCheckConfig: HealthCheckConfig as Config,
    });
    retag(work, { ResourceType: 'healthcheck', ResourceId: HealthCheck.Id }, HealthCheckTags);
    return HealthCheck.Id;
  },
  update(work) {
    const { HealthCheckConfig, HealthCheckTags } = work.properties;
    const HealthCheckId = work.physicalId;
    if (work.changed('HealthCheckConfig')) {
      const given = Object.entries(HealthCheckConfig).filter(([name]) => !FIXED.has(name));
      const before: Partial<Said> = work.previous?.HealthCheckConfig ?? {};
      const ResetElements = RESETTABLE.filter((name) => name in before && !(name in HealthCheckConfig));
      work.call('route53', 'UpdateHealthCheck', {
        HealthCheckId,
        ...Object.fromEntries(given),
        ...(ResetElements.length > 0 ? { ResetElements } : {}),
      });
    }
    retag(
      work,
      { ResourceType: 'healthcheck', ResourceId: HealthCheckId },
      HealthCheckTags,
      work.previous?.HealthCheckTags,
    );
  },
  delete(work) {
    work.find('route53', 'DeleteHealthCheck', { HealthCheckId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ HealthCheckId: physicalId }),
  read(work) {
    const found = work.find('route53', 'GetHealthCheck', { HealthCheckId: work.physicalId });
    if (!found) return undefined;
    const said = Object.keys(work.properties.HealthCheckConfig);
    const { HealthCheckConfig } = found.HealthCheck;
    const shown = Object.entries(HealthCheckConfig).filter(([name]) => said.includes(name));
    return { HealthCheckConfig: Object.fromEntries(shown) as Record<string, Json> };
  },
});
