"""What Python programs do with AWS: each service touched once, waiters, paginators, resources, streams and presigned posts.

Takes the endpoint from AWS_ENDPOINT_URL. Prints what it found as JSON.
"""

import io
import json
import uuid
import urllib.request
import zipfile
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError, WaiterError

session = boto3.Session("test", "test", region_name="us-east-1")
found = {}

# One call for each service, and the member of the answer that shows it.
TOUCHES = {
    "autoscaling": ("describe_auto_scaling_groups", {}, "AutoScalingGroups"),
    "cloudformation": ("list_stacks", {}, "StackSummaries"),
    "cloudwatch": ("describe_alarms", {}, "MetricAlarms"),
    "codedeploy": ("list_deployment_configs", {}, "deploymentConfigsList"),
    "dynamodb": ("list_tables", {}, "TableNames"),
    "ec2": ("describe_vpcs", {}, "Vpcs"),
    "ecr": ("describe_repositories", {}, "repositories"),
    "elb": ("describe_load_balancers", {}, "LoadBalancerDescriptions"),
    "elbv2": ("describe_load_balancers", {}, "LoadBalancers"),
    "events": ("list_event_buses", {}, "EventBuses"),
    "iam": ("list_users", {}, "Users"),
    "kms": ("list_keys", {}, "Keys"),
    "lambda": ("list_functions", {}, "Functions"),
    "logs": ("describe_log_groups", {}, "logGroups"),
    "route53": ("list_hosted_zones", {}, "HostedZones"),
    "s3": ("list_buckets", {}, "Buckets"),
    "secretsmanager": ("list_secrets", {}, "SecretList"),
    "sns": ("list_topics", {}, "Topics"),
    "sqs": ("create_queue", {"QueueName": "touched"}, "QueueUrl"),
    "ssm": ("describe_parameters", {}, "Parameters"),
    "sts": ("get_caller_identity", {}, "Account"),
}


def touches():
    found["touched"] = [
        name
        for name, (call, arguments, member) in TOUCHES.items()
        if member in getattr(session.client(name), call)(**arguments)
    ]
    found["touches"] = list(TOUCHES)


def objects():
    s3 = session.resource("s3", config=Config(signature_version="s3v4"))
    bucket = s3.create_bucket(Bucket="site")
    bucket.wait_until_exists()
    bucket.put_object(Key="lines.txt", Body=b"one\ntwo\nthree\n", ContentType="text/plain")
    body = s3.Object("site", "lines.txt").get()["Body"]
    found["lines"] = [line.decode() for line in body.iter_lines()]
    found["range"] = s3.Object("site", "lines.txt").get(Range="bytes=4-6")["Body"].read().decode()

    large = bytes(range(256)) * (40 * 1024)
    settings = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    bucket.upload_fileobj(io.BytesIO(large), "large", Config=settings)
    back = io.BytesIO()
    bucket.download_fileobj("large", back, Config=settings)
    found["sameBytes"] = back.getvalue() == large
    found["parts"] = s3.Object("site", "large").e_tag[-3:-1]

    s3.Object("site", "copy.txt").copy({"Bucket": "site", "Key": "lines.txt"})
    pages = s3.meta.client.get_paginator("list_objects_v2").paginate(Bucket="site", PaginationConfig={"PageSize": 1})
    found["keys"] = [page["Contents"][0]["Key"] for page in pages]

    post = s3.meta.client.generate_presigned_post("site", "posted/${filename}", ExpiresIn=300)
    found["posted"] = submit(post, "hello")
    found["posted"]["object"] = s3.Object("site", "posted/a.txt").get()["Body"].read().decode()
    found["forged"] = submit({**post, "fields": {**post["fields"], "key": "elsewhere"}}, "hello")
    bucket.objects.all().delete()
    bucket.delete()
    bucket.wait_until_not_exists()


def submit(post, content):
    """Sends a form as a browser does, and says what came of it."""
    boundary = uuid.uuid4().hex
    fields = {**post["fields"]}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n{content}\r\n--{boundary}--\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(post["url"], "".join(parts).encode(), headers)) as answer:
            return {"status": answer.status}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def items():
    table = session.resource("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "placed", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "placed", "KeyType": "RANGE"},
        ],
    )
    table.wait_until_exists()
    with table.batch_writer() as batch:
        for placed in range(30):
            batch.put_item(Item={"customer": "ada", "placed": placed, "total": Decimal("1.5"), "tags": {"x", "y"}})
    answer = table.query(
        KeyConditionExpression=Key("customer").eq("ada") & Key("placed").between(10, 19),
        FilterExpression=Attr("total").gt(1),
    )
    found["orders"] = [answer["Count"], str(answer["Items"][0]["total"]), sorted(answer["Items"][0]["tags"])]
    pages = session.client("dynamodb").get_paginator("scan").paginate(TableName="orders", PaginationConfig={"PageSize": 7})
    found["pages"] = [page["Count"] for page in pages]


def messages():
    sqs, sns = session.resource("sqs"), session.resource("sns")
    queue = sqs.create_queue(QueueName="inbox")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.attributes["QueueArn"],
    }
    queue.set_attributes(Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
    topic = sns.create_topic(Name="news")
    topic.subscribe(Protocol="sqs", Endpoint=queue.attributes["QueueArn"])
    topic.publish(Message="hello", MessageAttributes={"kind": {"DataType": "String", "StringValue": "greeting"}})
    received = queue.receive_messages(WaitTimeSeconds=10)
    envelope = json.loads(received[0].body)
    found["envelope"] = [envelope["Message"], envelope["MessageAttributes"]["kind"]["Value"]]


def functions():
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = session.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return event\n")
    client = session.client("lambda")
    client.create_function(
        FunctionName="hello",
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": package.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="hello")
    found["invoked"] = client.invoke(FunctionName="hello", Payload=b"{}")["StatusCode"]


def stacks():
    client = session.client("cloudformation")
    body = json.dumps({"Resources": {"Inbox": {"Type": "AWS::SQS::Queue"}}})
    client.create_stack(StackName="inbox", TemplateBody=body)
    client.get_waiter("stack_create_complete").wait(StackName="inbox")
    client.delete_stack(StackName="inbox")
    client.get_waiter("stack_delete_complete").wait(StackName="inbox")
    found["stacks"] = [one["StackStatus"] for one in client.list_stacks()["StackSummaries"]]


def errors():
    try:
        session.client("iam").get_waiter("user_exists").wait(
            UserName="nobody", WaiterConfig={"Delay": 0, "MaxAttempts": 2}
        )
    except WaiterError as error:
        found["waited"] = str(error)
    try:
        session.client("s3").head_object(Bucket="nowhere", Key="nothing")
    except ClientError as error:
        found["headless"] = error.response["Error"]
    try:
        session.client("dynamodb").describe_table()
    except ParamValidationError:
        found["validated"] = True
    try:
        session.client("ec2").describe_flow_logs()
    except ClientError as error:
        found["refused"] = [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]


for part in (touches, objects, items, messages, functions, stacks, errors):
    part()
print(json.dumps(found))
