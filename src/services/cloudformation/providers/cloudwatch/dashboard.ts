// AWS::CloudWatch::Dashboard.

import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';
import { retag } from '../tagging.ts';

const LONGEST = 255;

export const dashboard: Provider = provider({
  type: 'AWS::CloudWatch::Dashboard',
  create(work) {
    const { DashboardBody, Tags } = work.properties;
    const DashboardName = work.properties.DashboardName ?? work.name({ longest: LONGEST });
    work.call('monitoring', 'PutDashboard', { DashboardName, DashboardBody, Tags: work.tags(Tags) });
    return DashboardName;
  },
  update(work) {
    const DashboardName = work.physicalId;
    const { DashboardBody } = work.properties;
    if (work.changed('DashboardBody'))
      work.call('monitoring', 'PutDashboard', { DashboardName, DashboardBody });
    const { DashboardArn = '' } = work.call('monitoring', 'GetDashboard', { DashboardName });
    retag(work, 'monitoring', DashboardArn);
  },
  delete(work) {
    work.find('monitoring', 'DeleteDashboards', { DashboardNames: [work.physicalId] });
  },
  read(work) {
    const found = work.find('monitoring', 'GetDashboard', { DashboardName: work.physicalId });
    return found && { DashboardName: work.physicalId, DashboardBody: found.DashboardBody ?? '' };
  },
});
