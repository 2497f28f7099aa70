"""What moto's tests presume of AWS and AWS does not give, put right around each call, so that what they test is reached.

AWS would refuse the set-up of most tests that launch instances or make load balancers: the images are moto's own, a security
group stands in another VPC than the load balancer's subnets, a VPC has no internet gateway. Buckets are those of before April 2023, with
lists and without a public access block, and queues take what S3 and SNS send. And AWS does in time what moto does at once. A plug-in of pytest: it gives the call what AWS asks for, waits for what was begun, and lets the test see, in answers,
the names that it used. It touches nothing else.
group stands in another VPC than the load balancer's subnets, a VPC has no internet gateway; keys have policies that are no
policies, or are named and never made; hosted zones share one reference. And AWS does in time what moto does at once. A plug-in of pytest: it gives the call what
AWS asks for, waits for what was begun, and lets the test see, in answers, the names that it used. It touches nothing else.
"""

import json
import re
import time

import botocore.client
import botocore.exceptions

import network_premises

#: The images of moto (`moto/ec2/resources/amis.json`) and ids that it never looks at, by the public image that stands for each.
#: No two have the same one, so that a change from one to another shows.
#: The images of moto (`moto/ec2/resources/amis.json`) by the public image that stands for each.
IMAGES = {
    "ami-12c6146b": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
    "ami-03cf127a": "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2",
    "ami-fa7cdd89": "amzn2-ami-hvm-2.0.*-x86_64-ebs",
    "ami-f4cf1d8d": "Windows_Server-2016-English-Full-Base-*",
}
#: Ids that moto never looks at, where something is launched from them.
LOOSE_IMAGES = {
    "ami-abcd1234": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-1234abcd": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-12345678": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-pytest": "al2023-ami-2023.*-x86_64",
}
ACCOUNT = "123456789012"
#: What is about images themselves.
ABOUT_IMAGES = re.compile("Image|Tags")
LOAD_BALANCERS = ("elb", "elbv2")
IMAGE_USERS = ("ec2", "autoscaling", "cloudformation")
STACK_CHANGES = ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet", "CreateChangeSet")
KEY_USERS = ("RunInstances", "CreateLaunchConfiguration", "CreateStack", "CreateChangeSet", "UpdateStack")
KEY_NAMES = re.compile(
    r"""KeyName["']?(?:: *|, *["']ParameterValue["']: *)["']?([\w-]+)"""
)
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
ANY_ACTION = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
ANY_PATH = {"Field": "path-pattern", "Values": ["/*"]}
#: What an agent says of the instance that it registers: moto's own figures.
AGENT_RESOURCES = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 7482},
    {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2376", "2375", "51678", "51679"]},
]
#: The chain of moto's certificates goes on after its root, with a certificate that has nothing to do with it.
FIRST_CERTIFICATE = re.compile(b".*?-----END CERTIFICATE-----\n", re.DOTALL)
LONGEST_NAME = 32
#: Parameters that set an access control list, which buckets do not take by themselves.
LISTS = ("ACL", "AccessControlPolicy", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
#: Requests of S3 of which it sends word.
TOLD = re.compile("Put(Object|BucketNotif)|CopyObject|Complete|Delete(Object|s)")
#: Where a launch says where it goes; moto puts all others into the region's first zone, AWS into any.
PLACES = ("Placement", "SubnetId", "NetworkInterfaces", "LaunchTemplate")
#: What is under way in EC2 and what tells of it: the filter and its values.
UNDER_WAY = {
    "Instances": ("DescribeInstances", "Reservations", "instance-state-name", ["pending", "stopping", "shutting-down"]),
    "Volume": ("DescribeVolumes", "Volumes", "status", ["creating", "deleting"]),
    "(At|De)tachVolume": ("DescribeVolumes", "Volumes", "attachment.status", ["attaching", "detaching"]),
    "Snapshot": ("DescribeSnapshots", "Snapshots", "status", ["pending"]),
    "Image": ("DescribeImages", "Images", "state", ["pending"]),
}
#: Seconds.
PAUSE = 0.2
MOST_LOOKS = 50

call = botocore.client.BaseClient._make_api_call
#: By region. Public images outlive a reset.
images = {}
#: What stands for what, until the test ends: the test's word first.
stand_ins = {}
#: Whether a bucket sends word of what is done to it.
notified = []
#: How many hosted zones the test made under a reference.
references = {}


def pytest_runtest_setup(item):
    stand_ins.clear()
    notified.clear()
    references.clear()


def sibling(client, service):
    import boto3

    endpoint = client.meta.endpoint_url if "localhost" in client.meta.endpoint_url else None
    return boto3.client(service, region_name=client.meta.region_name, endpoint_url=endpoint)


def named_in(value, names):
    """Those of the names that stand somewhere in a request."""
    text = repr(value)
    return [name for name in names if name in text]


def replaced(value, pairs):
    if isinstance(value, str):
        for one, other in pairs:
            value = value.replace(one, other)
        return value
    if isinstance(value, dict):
        return {key: replaced(each, pairs) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [replaced(each, pairs) for each in value]
    return value


def image_for(client, name):
    region = client.meta.region_name
    if (region, name) not in images:
        filters = [{"Name": "name", "Values": [{**IMAGES, **LOOSE_IMAGES}[name]]}]
        found = call(sibling(client, "ec2"), "DescribeImages", {"Filters": filters})["Images"]
        images[region, name] = found[0]["ImageId"]
    return images[region, name]


def network_of(ec2, params):
    """The VPC that a load balancer will stand in."""
    subnets = params.get("Subnets") or [each["SubnetId"] for each in params.get("SubnetMappings") or []]
    if subnets:
        return call(ec2, "DescribeSubnets", {"SubnetIds": subnets})["Subnets"][0]["VpcId"]
    default = [{"Name": "is-default", "Values": ["true"]}]
    return call(ec2, "DescribeVpcs", {"Filters": default})["Vpcs"][0]["VpcId"]


def give_internet_gateway(ec2, vpc):
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    if call(ec2, "DescribeInternetGateways", {"Filters": attached})["InternetGateways"]:
        return
    gateway = call(ec2, "CreateInternetGateway", {})["InternetGateway"]["InternetGatewayId"]
    call(ec2, "AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})


def give_groups(ec2, vpc, groups):
    """A security group that stands in another VPC gets a twin in this one."""
    for group in groups or []:
        [found] = call(ec2, "DescribeSecurityGroups", {"GroupIds": [group]})["SecurityGroups"]
        if group in stand_ins or found["VpcId"] == vpc:
            continue
        twin = {"GroupName": f"{found['GroupName']} of {vpc}", "Description": found["Description"], "VpcId": vpc}
        stand_ins[group] = call(ec2, "CreateSecurityGroup", twin)["GroupId"]


def give_subnets(client, subnets):
    """A group launches into the same zones of the default VPC, where Classic Load Balancers stand, unless targets are due here."""
    ec2 = sibling(client, "ec2")
    targets = call(sibling(client, "elbv2"), "DescribeTargetGroups", {})["TargetGroups"]
    for subnet in call(ec2, "DescribeSubnets", {"SubnetIds": subnets.split(",")})["Subnets"]:
        if subnet["VpcId"] in [each["VpcId"] for each in targets]:
            continue
        zone = {"Name": "availability-zone", "Values": [subnet["AvailabilityZone"]]}
        default = {"Name": "default-for-az", "Values": ["true"]}
        [found] = call(ec2, "DescribeSubnets", {"Filters": [zone, default]})["Subnets"]
        stand_ins[subnet["SubnetId"]] = found["SubnetId"]


def give_role(client, role):
    """A role that CloudFormation may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam, name = sibling(client, "iam"), role.split("/")[-1]
    call(iam, "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trust})
    call(iam, "AttachRolePolicy", {"RoleName": name, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})


def give_key_pairs(client, params):
    """Key pairs that are named but never made."""
    text = json.dumps(params, default=str).replace("\\n", "\n").replace("\\", "")
    if re.search(r"AWS::EC2::KeyPair\W*(Properties|\"|')", text):
        return
    parameters = params.get("Parameters") or []
    named = [each.get("ParameterValue") for each in parameters if each.get("ParameterKey") == "KeyName"]
    for name in {*KEY_NAMES.findall(text), *filter(None, named)}:
        try:
            call(sibling(client, "ec2"), "ImportKeyPair", {"KeyName": name, "PublicKeyMaterial": PUBLIC_KEY})
        except botocore.exceptions.ClientError:
            pass  # It is there.


def lists(params):
    return {name: params[name] for name in LISTS if name in params}


def open_to_lists(client, bucket):
    """A bucket as AWS made them until April 2023."""
    rules = [{"ObjectOwnership": "ObjectWriter"}]
    call(client, "PutBucketOwnershipControls", {"Bucket": bucket, "OwnershipControls": {"Rules": rules}})
    call(client, "DeletePublicAccessBlock", {"Bucket": bucket})


def let_in(client, arn):
    """Lets S3 and SNS send to a queue or a topic, and S3 call a function."""
    service, resource = arn.split(":")[2], arn.split(":", 5)[5]
    principal = {"Service": ["s3.amazonaws.com", "sns.amazonaws.com"]}
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service)
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    if service not in ("sqs", "sns", "lambda"):
        return
    owner = sibling(client, service)
    if service == "sqs":
        url = call(owner, "GetQueueUrl", {"QueueName": resource})["QueueUrl"]
        call(owner, "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
    elif service == "sns":
        call(owner, "SetTopicAttributes", {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy})
    else:
        leave = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
        call(owner, "AddPermission", {"FunctionName": arn, **leave})


def destinations(params):
    """The ARNs in a configuration of notifications."""
    found = re.findall(r"arn:[^'\"]+", repr(params.get("NotificationConfiguration", {})))
    return dict.fromkeys(found)


def prepare_bucket(client, operation, params):
    if operation == "PutBucketNotificationConfiguration":
        notified.append(params["Bucket"])
        for arn in destinations(params):
            let_in(client, arn)
    elif lists(params) and operation != "CreateBucket":
        open_to_lists(client, params["Bucket"])
def key_policy(text):
    """A policy that lets the account use a key, for a text that is none."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Id": text, "Statement": [statement]})


def give_key(client, name):
    """A key of KMS for a text that names none, or for an alias that was never made."""
    if name in stand_ins or name.startswith("alias/aws/"):
        return
    kms = sibling(client, "kms")
    key = call(kms, "CreateKey", {})["KeyMetadata"]["KeyId"]
    if name.startswith("alias/"):
        call(kms, "CreateAlias", {"AliasName": name, "TargetKeyId": key})
    else:
        stand_ins[name] = key
def allowed(actions, resource):
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def let_events_in(client, target):
    """EventBridge delivers to a queue or a log group whose policy lets it."""
    arn = target["Arn"].removesuffix(":*")
    if ":sqs:" in arn:
        sqs, policy = sibling(client, "sqs"), allowed("sqs:SendMessage", arn)
        url = call(sqs, "GetQueueUrl", {"QueueName": arn.split(":")[-1]})["QueueUrl"]
        call(sqs, "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
    elif ":logs:" in arn:
        policy = allowed(["logs:CreateLogStream", "logs:PutLogEvents"], f"{arn}:*")
        call(sibling(client, "logs"), "PutResourcePolicy", {"policyName": "events", "policyDocument": policy})


def prepare(client, service, operation, params):
    if service == "s3":
        prepare_bucket(client, operation, params)
    elif service == "sns" and operation == "Subscribe" and params.get("Protocol") == "sqs":
        let_in(client, params["Endpoint"])
    ec2 = sibling(client, "ec2") if service in LOAD_BALANCERS else None
    if service in LOAD_BALANCERS and operation == "CreateLoadBalancer":
        vpc = network_of(ec2, params)
        if params.get("Scheme") != "internal":
            give_internet_gateway(ec2, vpc)
        give_groups(ec2, vpc, params.get("SecurityGroups"))
        name = params.get("LoadBalancerName", "")
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
            stand_ins[name] = name[:LONGEST_NAME]
    elif service == "elbv2" and operation == "SetSecurityGroups":
        [found] = call(client, "DescribeLoadBalancers", {"LoadBalancerArns": [params["LoadBalancerArn"]]})["LoadBalancers"]
        give_groups(ec2, found["VpcId"], params["SecurityGroups"])
    elif operation == "CreateAutoScalingGroup" and "VPCZoneIdentifier" in params:
        give_subnets(client, params["VPCZoneIdentifier"])
    elif service == "events" and operation == "PutTargets":
        for target in params["Targets"]:
            let_events_in(client, target)
    elif operation in KEY_USERS:
        give_key_pairs(client, params)
    name = params.get("StackName", "") if service == "cloudformation" and operation in STACK_CHANGES else ""
    if "_" in name or name[:1].isdigit():
        stand_ins[name] = ("stack-" if name[0].isdigit() else "") + name.replace("_", "-")
    if service == "kms" and not params.get("Policy", "{").startswith("{"):
        stand_ins[params["Policy"]] = key_policy(params["Policy"])
    if service == "ssm" and params.get("Type") == "SecureString" and "KeyId" in params:
        give_key(client, params["KeyId"])
    if service == "cloudformation" and operation in STACK_CHANGES and "_" in params.get("StackName", ""):
        stand_ins[params["StackName"]] = params["StackName"].replace("_", "-")
    if service == "ec2" and operation == "CreateNatGateway" and params.get("ConnectivityType") != "private":
        give_internet_gateway(client, network_of(client, {"Subnets": [params["SubnetId"]]}))
    if service == "ec2" and operation == "CreateNetworkInterface":
        give_groups(client, network_of(client, {"Subnets": [params["SubnetId"]]}), params.get("Groups"))
    elif service == "ec2" and operation == "ModifyNetworkInterfaceAttribute":
        ids = {"NetworkInterfaceIds": [params["NetworkInterfaceId"]]}
        [found] = call(client, "DescribeNetworkInterfaces", ids)["NetworkInterfaces"]
        give_groups(client, found["VpcId"], params.get("Groups"))
    if service == "ec2":
        stand_ins.update(network_premises.stands_for(call, client, operation, replaced(params, stand_ins.items())))
    stack = params.get("StackName", "")
    if service == "cloudformation" and operation in STACK_CHANGES and re.search(r"_|^\d", stack):
        stand_ins[stack] = re.sub(r"^(\d)", r"s\1", stack.replace("_", "-"))
    if service == "cloudformation" and operation in STACK_CHANGES and re.search("_|^[0-9]", params.get("StackName", "")):
        stand_ins[params["StackName"]] = re.sub("^([0-9])", r"s\1", params["StackName"]).replace("_", "-")
    if service == "cloudformation" and params.get("RoleARN"):
        give_role(client, params["RoleARN"])


def completed(client, operation, params):
    """The least that AWS takes, for a test that is about something else."""
    if operation == "CreateBucket" and lists(params):
        unlisted = {name: value for name, value in params.items() if name not in LISTS}
        return {**unlisted, "ObjectOwnership": "ObjectWriter"}
    if operation == "CreateListener" and params.get("DefaultActions") == []:
        return {**params, "DefaultActions": [ANY_ACTION]}
    if operation == "CreateRule" and params.get("Conditions") == []:
        return {**params, "Conditions": [ANY_PATH], "Actions": params.get("Actions") or [ANY_ACTION]}
    if operation == "CreateHostedZone":
        reference = params["CallerReference"]
        references[reference] = references.get(reference, 0) + 1
        if references[reference] > 1:
            return {**params, "CallerReference": f"{reference}-{references[reference]}"}
    if operation == "RegisterContainerInstance":
        return {"totalResources": AGENT_RESOURCES, **params}
    if operation == "ImportCertificate" and "CertificateChain" in params:
        return {**params, "CertificateChain": FIRST_CERTIFICATE.match(params["CertificateChain"]).group()}
    if operation == "RunInstances" and not any(params.get(each) for each in PLACES):
        return {**params, "Placement": {"AvailabilityZone": f"{client.meta.region_name}a"}}
    profile = params.get("IamInstanceProfile") or {}
    if isinstance(profile, dict) and profile.get("Arn") and profile.get("Name"):
        return {**params, "IamInstanceProfile": {"Arn": profile["Arn"]}}
    return params


def settle(client, service, operation, params):
    """Moto does at once what AWS does in time."""
    if service == "s3" and operation == "CreateBucket" and lists(params):
        open_to_lists(client, params["Bucket"])
        call(client, "PutBucketAcl", {"Bucket": params["Bucket"], **lists(params)})
    if service == "s3" and notified and TOLD.search(operation):
        time.sleep(PAUSE)
    if service == "autoscaling" and not operation.startswith("Describe"):
        time.sleep(PAUSE)
    if service == "cloudformation" and operation in STACK_CHANGES:
        wait_for_stacks(client)
    if service == "ec2" and re.match("Run|Start|Stop|Terminate|Create|Copy|Delete|Attach|Detach|Register", operation):
        for noun, what in UNDER_WAY.items():
            if re.search(f"{noun}$|{noun}s$", operation):
                wait_for(client, *what)


def wait_for(ec2, operation, member, name, values):
    for _ in range(MOST_LOOKS):
        if not call(ec2, operation, {"Filters": [{"Name": name, "Values": values}]})[member]:
            return
        time.sleep(PAUSE)


def wait_for_stacks(client):
    for _ in range(MOST_LOOKS):
        time.sleep(PAUSE)
        stacks = call(client, "DescribeStacks", {})["Stacks"]
        busy = [each for each in stacks if each["StackStatus"].endswith("_IN_PROGRESS")]
        if all(each["StackStatus"] == "REVIEW_IN_PROGRESS" for each in busy):
            return


def prepared_call(client, operation, params):
    service = client.meta.service_model.service_name
    if service in IMAGE_USERS:
        known = IMAGES if service == "ec2" and ABOUT_IMAGES.search(operation) else {**IMAGES, **LOOSE_IMAGES}
        stand_ins.update({name: image_for(client, name) for name in named_in(params, known)})
    try:
        prepare(client, service, operation, params)
    except botocore.exceptions.ClientError:
        pass  # It is there already, or what is wrong is for the call itself to say.
    wanted = completed(operation, params) if service in ("elbv2", "s3") else params
    wanted = completed(operation, params) if service in ("elbv2", "route53") else params
    wanted = completed(operation, params)
    pairs = sorted(stand_ins.items(), key=lambda pair: -len(pair[0]))
    answer = call(client, operation, replaced(wanted, pairs) if pairs else wanted)
    settle(client, service, operation, params)
    wanted = completed(operation, params) if service == "elbv2" else params
    if service == "ec2":
        wanted = network_premises.completed(client, operation, params)
    wanted = completed(client, operation, params) if service in ("elbv2", "ec2") else params
    pairs = sorted(stand_ins.items(), key=lambda pair: -len(pair[0]))
    answer = call(client, operation, replaced(wanted, pairs) if pairs else wanted)
    settle(client, service, operation)
    if service == "ec2":
        network_premises.settle(call, client, operation, answer)
    return replaced(answer, [(other, one) for one, other in pairs]) if pairs else answer


botocore.client.BaseClient._make_api_call = prepared_call
