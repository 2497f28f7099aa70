// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html

import {
  CloudWatchClient,
  DeleteDashboardsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
  PutDashboardCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const BODY = '{"widgets":[{"type":"text","properties":{"markdown":"Hello"}}]}';
const ARN = 'arn:aws:cloudwatch::000000000000:dashboard/shop';

// Recorded: https://github.com/localstack/localstack/blob/main/tests/aws/services/cloudwatch/test_cloudwatch.snapshot.json
describe('dashboards', () => {
  it('are kept, listed by prefix, replaced and deleted', async () => {
    const watch = newTable().client(CloudWatchClient);
    const put = await watch.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody: BODY }));
    expect(put.DashboardValidationMessages).toEqual([]);
    await watch.send(new PutDashboardCommand({ DashboardName: 'other', DashboardBody: '{"widgets":[]}' }));
    const found = await watch.send(new GetDashboardCommand({ DashboardName: 'shop' }));
    expect(found).toMatchObject({ DashboardArn: ARN, DashboardName: 'shop', DashboardBody: BODY });
    const listed = await watch.send(new ListDashboardsCommand({ DashboardNamePrefix: 'sh' }));
    expect(listed.DashboardEntries).toMatchObject([
      { DashboardName: 'shop', DashboardArn: ARN, Size: BODY.length },
    ]);
    await watch.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody: '{}' }));
    const again = await watch.send(new GetDashboardCommand({ DashboardName: 'shop' }));
    expect(again.DashboardBody).toBe('{}');
    await watch.send(new DeleteDashboardsCommand({ DashboardNames: ['shop'] }));
    const left = await watch.send(new ListDashboardsCommand({}));
    expect(left.DashboardEntries?.map(({ DashboardName }) => DashboardName)).toEqual(['other']);
  });

  it('are the same in all regions of an account', async () => {
    const table = newTable();
    const here = table.client(CloudWatchClient);
    const there = table.client(CloudWatchClient, { region: 'eu-west-1' });
    await here.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody: BODY }));
    const found = await there.send(new GetDashboardCommand({ DashboardName: 'shop' }));
    expect(found.DashboardArn).toBe(ARN);
  });

  // Recorded by LocalStack: test_invalid_dashboard_name.
  it('have names of letters, digits, dashes and underscores', async () => {
    const watch = newTable().client(CloudWatchClient);
    const put = watch.send(new PutDashboardCommand({ DashboardName: 'a:b', DashboardBody: BODY }));
    await expect(put).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message:
        'The value for field DashboardName contains invalid characters. ' +
        'It can only contain alphanumerics, dash (-) and underscore (_).\n',
    });
  });

  it('have a body that is a JSON object', async () => {
    const watch = newTable().client(CloudWatchClient);
    for (const DashboardBody of ['{widgets', '[]', 'null']) {
      const put = watch.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody }));
      await expect(put).rejects.toMatchObject({ name: 'DashboardInvalidInputError' });
    }
  });

  it('are deleted all or not at all', async () => {
    const watch = newTable().client(CloudWatchClient);
    await watch.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody: BODY }));
    const deletion = watch.send(new DeleteDashboardsCommand({ DashboardNames: ['shop', 'nobody'] }));
    await expect(deletion).rejects.toMatchObject({ name: 'ResourceNotFound' });
    const left = await watch.send(new ListDashboardsCommand({}));
    expect(left.DashboardEntries).toHaveLength(1);
    const none = watch.send(new DeleteDashboardsCommand({ DashboardNames: [] }));
    await expect(none).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('carry tags', async () => {
    const watch = newTable().client(CloudWatchClient);
    const Tags = [{ Key: 'team', Value: 'a' }];
    await watch.send(new PutDashboardCommand({ DashboardName: 'shop', DashboardBody: BODY, Tags }));
    await watch.send(new TagResourceCommand({ ResourceARN: ARN, Tags: [{ Key: 'stage', Value: 'b' }] }));
    await watch.send(new UntagResourceCommand({ ResourceARN: ARN, TagKeys: ['team'] }));
    const found = await watch.send(new ListTagsForResourceCommand({ ResourceARN: ARN }));
    expect(found.Tags).toEqual([{ Key: 'stage', Value: 'b' }]);
  });
});
