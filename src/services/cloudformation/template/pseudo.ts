// Pseudo parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html

import type { Value } from './template.ts';

export interface Pseudo {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly urlSuffix: string;
  readonly stackName: string;
  readonly stackId: string;
  readonly notificationArns: readonly string[];
}

const VALUES: Readonly<Record<string, (pseudo: Pseudo) => Value | undefined>> = {
  'AWS::AccountId': ({ account }) => account,
  'AWS::NoValue': () => undefined,
  'AWS::NotificationARNs': ({ notificationArns }) => notificationArns,
  'AWS::Partition': ({ partition }) => partition,
  'AWS::Region': ({ region }) => region,
  'AWS::StackId': ({ stackId }) => stackId,
  'AWS::StackName': ({ stackName }) => stackName,
  'AWS::URLSuffix': ({ urlSuffix }) => urlSuffix,
};

export function isPseudo(name: string): boolean {
  return Object.hasOwn(VALUES, name);
}

/** Undefined for AWS::NoValue: what it stands in is left out. */
export function pseudoValue(name: string, pseudo: Pseudo): Value | undefined {
  return VALUES[name]?.(pseudo);
}
