// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html; messages are moto's where AWS
// documents none (tests/test_iam/test_iam_oidc.py), but for the one about an URL that is taken, which Terraform's users report.

import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetAccountSummaryCommand,
  GetOpenIDConnectProviderCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import type { CreateOpenIDConnectProviderCommandInput } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const Url = 'https://token.actions.example.com/orders';
const OpenIDConnectProviderArn = 'arn:aws:iam::000000000000:oidc-provider/token.actions.example.com/orders';

function stage() {
  const iam = newTable().client(IAMClient);
  const create = (more: Partial<CreateOpenIDConnectProviderCommandInput> = {}) =>
    iam.send(new CreateOpenIDConnectProviderCommand({ Url, ...more }));
  const found = () => iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  return { iam, create, found };
}

describe('OpenID Connect providers', () => {
  it('are known by their URL, with clients, thumbprints and tags', async () => {
    const { iam, create, found } = stage();
    const ThumbprintList = ['a'.repeat(40)];
    const made = await create({ ClientIDList: ['sts'], ThumbprintList, Tags: [{ Key: 'k', Value: 'v' }] });
    expect(made.OpenIDConnectProviderArn).toBe(OpenIDConnectProviderArn);
    expect(await found()).toMatchObject({
      Url: Url.slice('https://'.length),
      ClientIDList: ['sts'],
      ThumbprintList,
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    expect(OpenIDConnectProviderList).toEqual([{ Arn: OpenIDConnectProviderArn }]);
    const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ Providers: 1 });
  });

  it('are changed bit by bit, and deleted once or twice', async () => {
    const { iam, create, found } = stage();
    await create({ ClientIDList: ['one'] });
    const of = { OpenIDConnectProviderArn };
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...of, ClientID: 'two' }));
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...of, ClientID: 'two' }));
    await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...of, ClientID: 'one' }));
    const ThumbprintList = ['b'.repeat(40)];
    await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...of, ThumbprintList }));
    expect(await found()).toMatchObject({ ClientIDList: ['two'], ThumbprintList });
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    await iam.send(new TagOpenIDConnectProviderCommand({ ...of, Tags }));
    await iam.send(new UntagOpenIDConnectProviderCommand({ ...of, TagKeys: ['a'] }));
    const listed = await iam.send(new ListOpenIDConnectProviderTagsCommand(of));
    expect(listed.Tags).toEqual([{ Key: 'b', Value: '2' }]);
    await iam.send(new DeleteOpenIDConnectProviderCommand(of));
    await iam.send(new DeleteOpenIDConnectProviderCommand(of));
    await expect(found()).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
    });
  });

  it.each([
    [{ Url: 'example.com' }, 'Invalid Open ID Connect Provider URL'],
    [{ Url: 'http://example.com' }, 'Invalid Open ID Connect Provider URL'],
    [{ Url: 'https://example.com/?a=b' }, 'Invalid Open ID Connect Provider URL'],
    [{ Url }, `Provider with url ${Url} already exists.`],
    [
      { Url: 'https://a.example.com', ThumbprintList: Array.from({ length: 6 }, () => 'a'.repeat(40)) },
      'Thumbprint list must contain fewer than 5 entries.',
    ],
    [
      { Url: 'https://a.example.com', ClientIDList: Array.from({ length: 101 }, (_, n) => String(n)) },
      'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100',
    ],
  ])('are not made of %o', async (input, message) => {
    const { create } = stage();
    await create();
    await expect(create(input)).rejects.toThrow(message);
  });
});
