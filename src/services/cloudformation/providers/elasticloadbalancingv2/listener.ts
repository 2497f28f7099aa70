// AWS::ElasticLoadBalancingV2::Listener, ListenerCertificate and ListenerRule.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { attributeChanges, retag } from './tagging.ts';

type CreateListener = Input<'elasticloadbalancing', 'CreateListener'>;
type Actions = CreateListener['DefaultActions'];
type Conditions = Input<'elasticloadbalancing', 'CreateRule'>['Conditions'];

type Listener = Work<'AWS::ElasticLoadBalancingV2::Listener'>;

function settings({ properties }: Listener) {
  const { AlpnPolicy, Certificates, DefaultActions, MutualAuthentication, Port, Protocol, SslPolicy } =
    properties;
  return {
    AlpnPolicy,
    Certificates,
    // Spelled as the API does; it refuses what it does not model.
    DefaultActions: DefaultActions as unknown as Actions,
    MutualAuthentication: MutualAuthentication as CreateListener['MutualAuthentication'],
    Port,
    Protocol: Protocol as CreateListener['Protocol'],
    SslPolicy,
  };
}

function setAttributes(work: Listener, ListenerArn: string): void {
  const Attributes = attributeChanges(work.previous?.ListenerAttributes, work.properties.ListenerAttributes);
  if (Attributes.length > 0)
    work.call('elasticloadbalancing', 'ModifyListenerAttributes', { ListenerArn, Attributes });
}

const listener = provider({
  type: 'AWS::ElasticLoadBalancingV2::Listener',
  passedOn: ['DefaultActions', 'Certificates', 'MutualAuthentication'],
  create(work) {
    const { LoadBalancerArn, Tags } = work.properties;
    const { Listeners = [] } = work.call('elasticloadbalancing', 'CreateListener', {
      LoadBalancerArn,
      Tags: work.tags(Tags),
      ...settings(work),
    });
    const arn = Listeners[0]?.ListenerArn ?? '';
    setAttributes(work, arn);
    return arn;
  },
  update(work) {
    work.call('elasticloadbalancing', 'ModifyListener', { ListenerArn: work.physicalId, ...settings(work) });
    setAttributes(work, work.physicalId);
    retag(work);
  },
  delete(work) {
    work.find('elasticloadbalancing', 'DeleteListener', { ListenerArn: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ ListenerArn: physicalId }),
  read(work) {
    const answer = work.find('elasticloadbalancing', 'DescribeListeners', {
      ListenerArns: [work.physicalId],
    });
    const there = answer?.Listeners?.[0];
    return there && { Port: there.Port ?? 0, Protocol: there.Protocol ?? '' };
  },
});

type Rule = Work<'AWS::ElasticLoadBalancingV2::ListenerRule'>;

function ruleOf({ properties }: Rule) {
  return {
    Actions: properties.Actions as unknown as Actions,
    Conditions: properties.Conditions as unknown as Conditions,
  };
}

const listenerRule = provider({
  type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
  refused: ['Transforms'],
  passedOn: ['Actions', 'Conditions'],
  create(work) {
    const { ListenerArn = '', Priority, Tags } = work.properties;
    const { Rules = [] } = work.call('elasticloadbalancing', 'CreateRule', {
      ListenerArn,
      Priority,
      Tags: work.tags(Tags),
      ...ruleOf(work),
    });
    return Rules[0]?.RuleArn ?? '';
  },
  update(work) {
    const RuleArn = work.physicalId;
    if (work.changed('Actions', 'Conditions'))
      work.call('elasticloadbalancing', 'ModifyRule', { RuleArn, ...ruleOf(work) });
    if (work.changed('Priority')) {
      const RulePriorities = [{ RuleArn, Priority: work.properties.Priority }];
      work.call('elasticloadbalancing', 'SetRulePriorities', { RulePriorities });
    }
    retag(work);
  },
  delete(work) {
    work.find('elasticloadbalancing', 'DeleteRule', { RuleArn: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ RuleArn: physicalId, IsDefault: false }),
});

type Further = Work<'AWS::ElasticLoadBalancingV2::ListenerCertificate'>;

function arnsIn(properties: Further['properties'] | undefined): string[] {
  return (properties?.Certificates ?? []).flatMap(({ CertificateArn }) => CertificateArn ?? []);
}

function wireCertificates(arns: readonly string[]): { CertificateArn: string }[] {
  return arns.map((CertificateArn) => ({ CertificateArn }));
}

/** Certificates beside the default one of a listener that may belong to another stack. */
const listenerCertificate = provider({
  type: 'AWS::ElasticLoadBalancingV2::ListenerCertificate',
  create(work) {
    const { ListenerArn } = work.properties;
    const Certificates = wireCertificates(arnsIn(work.properties));
    work.call('elasticloadbalancing', 'AddListenerCertificates', { ListenerArn, Certificates });
    return work.name({ longest: 128 });
  },
  update(work) {
    const { ListenerArn } = work.properties;
    const [before, after] = [arnsIn(work.previous), arnsIn(work.properties)];
    const Certificates = wireCertificates(after);
    work.call('elasticloadbalancing', 'AddListenerCertificates', { ListenerArn, Certificates });
    const gone = before.filter((arn) => !after.includes(arn));
    if (gone.length === 0) return;
    const Gone = wireCertificates(gone);
    work.call('elasticloadbalancing', 'RemoveListenerCertificates', { ListenerArn, Certificates: Gone });
  },
  delete(work) {
    const { ListenerArn } = work.properties;
    const Certificates = wireCertificates(arnsIn(work.properties));
    work.find('elasticloadbalancing', 'RemoveListenerCertificates', { ListenerArn, Certificates });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
});

export const listeners: readonly Provider[] = [listener, listenerCertificate, listenerRule];
