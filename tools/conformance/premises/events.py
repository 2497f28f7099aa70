"""Queues and log groups that let EventBridge in."""

import json


def allowed(actions, resource):
    principal = {"Service": "events.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def let_in(call, arn):
    if ":sqs:" in arn:
        url = call.ask("sqs", "GetQueueUrl", QueueName=arn.split(":")[-1])["QueueUrl"]
        policy = allowed("sqs:SendMessage", arn)
        call.give("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    elif ":logs:" in arn:
        policy = allowed(["logs:CreateLogStream", "logs:PutLogEvents"], f"{arn}:*")
        call.give("logs", "PutResourcePolicy", policyName="events", policyDocument=policy)


def prepare(call):
    if call.is_of("events") and call.operation == "PutTargets":
        for target in call.params["Targets"]:
            let_in(call, target["Arn"].removesuffix(":*"))
