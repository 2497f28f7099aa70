// A custom resource: a "disk" of so many gigabytes. It answers creations, updates and deletions; see
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
const response = require('./answer.js');

exports.handler = async (event) => {
  const { RequestType, ResourceProperties, PhysicalResourceId } = event;
  if (Number(ResourceProperties.Size) > 100) return response.failed(event, 'no disk is that large');
  const name = RequestType === 'Delete' ? PhysicalResourceId : `disk-${ResourceProperties.Size}`;
  return response.succeeded(event, name, { Path: `/disks/${name}` });
};
