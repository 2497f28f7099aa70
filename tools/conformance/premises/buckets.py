"""Buckets as AWS made them until April 2023, with lists and without a public access block; queues and topics that let S3 in."""

import json
import re
import time

from .call import PAUSE, test

#: Parameters that set an access control list, which buckets do not take by themselves.
LISTS = ("ACL", "AccessControlPolicy", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
#: Requests of which S3 sends word.
TOLD = re.compile("Put(Object|BucketNotif)|CopyObject|Complete|Delete(Object|s)")
ARN = re.compile(r"arn:[^'\"]+")
SENDERS = {"Service": ["s3.amazonaws.com", "sns.amazonaws.com"]}


def lists(params):
    return {name: params[name] for name in LISTS if name in params}


def open_to_lists(call, bucket):
    rules = [{"ObjectOwnership": "ObjectWriter"}]
    call.give("s3", "PutBucketOwnershipControls", Bucket=bucket, OwnershipControls={"Rules": rules})
    call.give("s3", "DeletePublicAccessBlock", Bucket=bucket)


def let_in(call, arn):
    """Lets S3 and SNS send to a queue or a topic, and S3 call a function."""
    if not ARN.fullmatch(arn):
        return
    service, resource = arn.split(":")[2], arn.split(":", 5)[5]
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service)
    statement = {"Effect": "Allow", "Principal": SENDERS, "Action": action, "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    if service == "sqs":
        url = call.ask("sqs", "GetQueueUrl", QueueName=resource)["QueueUrl"]
        call.give("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    elif service == "sns":
        call.give("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    elif service == "lambda":
        leave = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
        call.give("lambda", "AddPermission", FunctionName=arn, **leave)


def prepare(call):
    params = call.params
    if call.is_of("sns") and call.operation == "Subscribe" and params.get("Protocol") == "sqs":
        let_in(call, params["Endpoint"])
    elif call.operation == "PutBucketNotificationConfiguration":
        test.notified.append(params["Bucket"])
        for arn in dict.fromkeys(ARN.findall(repr(params.get("NotificationConfiguration", {})))):
            let_in(call, arn)
    elif call.is_of("s3") and lists(params) and call.operation != "CreateBucket":
        open_to_lists(call, params["Bucket"])


def completed(call):
    if call.is_of("s3") and call.operation == "CreateBucket" and lists(call.params):
        unlisted = {name: value for name, value in call.params.items() if name not in LISTS}
        return {**unlisted, "ObjectOwnership": "ObjectWriter"}
    return None


def settle(call, answer):
    if not call.is_of("s3"):
        return
    if call.operation == "CreateBucket" and lists(call.given):
        open_to_lists(call, call.given["Bucket"])
        call.give("s3", "PutBucketAcl", Bucket=call.given["Bucket"], **lists(call.given))
    if test.notified and TOLD.search(call.operation):
        time.sleep(PAUSE)
