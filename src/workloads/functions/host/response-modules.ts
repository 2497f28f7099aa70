// The modules with which code written in a template answers CloudFormation. AWS adds them to such code and to no other.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html

/** `require('cfn-response')`: after `send` the function is done. */
export const NODE_RESPONSE: string = `'use strict';
const http = require('node:http');
const https = require('node:https');

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = (event, context, responseStatus, responseData, physicalResourceId, noEcho) => {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  console.log('Response body:\\n', body);
  const url = new URL(event.ResponseURL);
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const done = () => {
      if (context.done) context.done();
      resolve();
    };
    const { request } = url.protocol === 'http:' ? http : https;
    const outgoing = request(url, { method: 'PUT', headers }, (response) => {
      console.log('Status code: ' + response.statusCode);
      response.resume();
      done();
    });
    outgoing.on('error', (error) => {
      console.log('send(..) failed executing request(..): ' + error);
      done();
    });
    outgoing.end(body);
  });
};
`;

/** `import cfnresponse`. */
export const PYTHON_RESPONSE: string = `import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    body = json.dumps({
        "Status": responseStatus,
        "Reason": reason or "See the details in CloudWatch Log Stream: {}".format(context.log_stream_name),
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    })
    print("Response body:")
    print(body)
    request = urllib.request.Request(
        event["ResponseURL"], data=body.encode(), headers={"content-type": ""}, method="PUT"
    )
    try:
        with urllib.request.urlopen(request) as response:
            print("Status code:", response.status)
    except Exception as error:
        print("send(..) failed executing the request:", error)
`;
