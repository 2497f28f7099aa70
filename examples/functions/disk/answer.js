// Answers at the URL that CloudFormation hands out.
const https = require('https');
const http = require('http');

function answer({ ResponseURL, StackId, RequestId, LogicalResourceId }, said) {
  const body = JSON.stringify({ StackId, RequestId, LogicalResourceId, ...said });
  const url = new URL(ResponseURL);
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

exports.succeeded = (event, PhysicalResourceId, Data) =>
  answer(event, { Status: 'SUCCESS', PhysicalResourceId, Data });

exports.failed = (event, Reason) =>
  answer(event, { Status: 'FAILED', Reason, PhysicalResourceId: event.PhysicalResourceId ?? 'none' });
