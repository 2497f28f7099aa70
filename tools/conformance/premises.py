"""What moto's tests presume of AWS and AWS does not give, put right around each call, so that what they test is reached.

AWS would refuse the set-up of most tests that launch instances or make load balancers: the images are moto's own, a security
group stands in another VPC than the load balancer's subnets, a VPC has no internet gateway. And AWS does in time what moto does
at once. A plug-in of pytest: it gives the call what AWS asks for, waits for what was begun, and lets the test see, in answers,
the names that it used. It touches nothing else.
"""

import json
import re
import time

import botocore.client
import botocore.exceptions

#: The images of moto (`moto/ec2/resources/amis.json`) and ids that it never looks at, by the public image that stands for each.
IMAGES = {
    "ami-12c6146b": "amzn2-ami-hvm-2.0.*-x86_64-gp2",
    "ami-03cf127a": "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2",
    "ami-fa7cdd89": "amzn2-ami-hvm-2.0.*-x86_64-ebs",
    "ami-f4cf1d8d": "Windows_Server-2016-English-Full-Base-*",
    "ami-abcd1234": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-1234abcd": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-12345678": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-pytest": "amzn-ami-hvm-*-x86_64-gp2",
}
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
LONGEST_NAME = 32
#: Seconds.
PAUSE = 0.2
MOST_LOOKS = 50

call = botocore.client.BaseClient._make_api_call
#: By region. Public images outlive a reset.
images = {}
#: What stands for what, until the test ends: the test's word first.
stand_ins = {}


def pytest_runtest_setup(item):
    stand_ins.clear()


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
        filters = [{"Name": "name", "Values": [IMAGES[name]]}]
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
    for name in set(KEY_NAMES.findall(text)):
        try:
            call(sibling(client, "ec2"), "ImportKeyPair", {"KeyName": name, "PublicKeyMaterial": PUBLIC_KEY})
        except botocore.exceptions.ClientError:
            pass  # It is there.


def prepare(client, service, operation, params):
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
    elif operation in KEY_USERS:
        give_key_pairs(client, params)
    if service == "cloudformation" and operation in STACK_CHANGES and "_" in params.get("StackName", ""):
        stand_ins[params["StackName"]] = params["StackName"].replace("_", "-")
    if service == "cloudformation" and params.get("RoleARN"):
        give_role(client, params["RoleARN"])


def completed(operation, params):
    """The least that AWS takes, for a test that is about something else."""
    if operation == "CreateListener" and params.get("DefaultActions") == []:
        return {**params, "DefaultActions": [ANY_ACTION]}
    if operation == "CreateRule" and params.get("Conditions") == []:
        return {**params, "Conditions": [ANY_PATH], "Actions": params.get("Actions") or [ANY_ACTION]}
    return params


def settle(client, service, operation):
    """Moto does at once what AWS does in time."""
    if service == "autoscaling" and not operation.startswith("Describe"):
        time.sleep(PAUSE)
    if service == "cloudformation" and operation in STACK_CHANGES:
        wait_for_stacks(client)


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
        stand_ins.update({name: image_for(client, name) for name in named_in(params, IMAGES)})
    try:
        prepare(client, service, operation, params)
    except botocore.exceptions.ClientError:
        pass  # It is there already, or what is wrong is for the call itself to say.
    wanted = completed(operation, params) if service == "elbv2" else params
    pairs = sorted(stand_ins.items(), key=lambda pair: -len(pair[0]))
    answer = call(client, operation, replaced(wanted, pairs) if pairs else wanted)
    settle(client, service, operation)
    return replaced(answer, [(other, one) for one, other in pairs]) if pairs else answer


botocore.client.BaseClient._make_api_call = prepared_call
