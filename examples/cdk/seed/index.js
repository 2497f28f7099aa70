// Publishes a message when the stack is created, and answers the custom resource.
const https = require('https');
const http = require('http');
const { PublishCommand, SNSClient } = require('@aws-sdk/client-sns');

exports.handler = async (event) => {
  const { RequestType, ResourceProperties, ResponseURL, StackId, RequestId, LogicalResourceId } = event;
  if (RequestType === 'Create')
    await new SNSClient({}).send(new PublishCommand({ TopicArn: process.env.TOPIC, Message: 'seeded' }));
  const Data = { Answer: `${ResourceProperties.Greeting} world` };
  const said = { Status: 'SUCCESS', PhysicalResourceId: 'seed', StackId, RequestId, LogicalResourceId, Data };
  await put(new URL(ResponseURL), JSON.stringify(said));
};

function put(url, body) {
  const { request } = url.protocol === 'https:' ? https : http;
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
