"""An in-place CodeDeploy deployment to an Auto Scaling group behind a load balancer, driven by boto3 over HTTP.

Takes the endpoint from AWS_ENDPOINT_URL and the folder of revision bundles as its argument. Begins as root to make a user,
and goes on with that user's access key, so that every signature after that is verified. Prints what it found as JSON.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
BUNDLES = sys.argv[1]
USER_DATA = """#!/bin/bash
dnf install -y ruby wget
wget https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x ./install
./install auto
"""
found = {}


def advance(seconds):
    """Moves the endpoint's clock."""
    body = json.dumps({"advanceMs": seconds * 1000}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/_sandtable/clock", body)).read()


def until(what, condition, within=3600, every=15):
    """Looks again every few seconds of the endpoint's time, as a stock waiter does in its own."""
    for _ in range(0, within, every):
        seen = condition()
        if seen:
            return seen
        advance(every)
    raise SystemExit(f"{what} did not come about within {within} s")


def user_session():
    """A session with an access key that the endpoint issued."""
    root = boto3.Session("test", "test", region_name="us-east-1").client("iam")
    root.create_user(UserName="deployer")
    root.attach_user_policy(UserName="deployer", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = root.create_access_key(UserName="deployer")["AccessKey"]
    found["accessKeyId"] = key["AccessKeyId"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


def create_roles(iam):
    def trust(service):
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def role(name, service, policy):
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}")
        return arn

    role("web", "ec2.amazonaws.com", "AmazonEC2RoleforAWSCodeDeploy")
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="web")
    return role("codedeploy", "codedeploy.amazonaws.com", "AWSCodeDeployRole")


def fetch(url):
    """A plain HTTP request, as by someone who was handed the URL."""
    try:
        with urllib.request.urlopen(url) as answer:
            return {"status": answer.status}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def create_bucket(s3, s3v4):
    s3.create_bucket(Bucket="releases")
    s3.put_bucket_versioning(Bucket="releases", VersioningConfiguration={"Status": "Enabled"})
    # The transfer manager picks an upload in one piece, with a checksum trailer.
    s3.upload_file(os.path.join(BUNDLES, "v1.zip"), "releases", "v1.zip", ExtraArgs={"Metadata": {"release": "v1"}})
    head = s3.head_object(Bucket="releases", Key="v1.zip")
    found["metadata"] = head["Metadata"]
    found["versioned"] = "VersionId" in head
    with open(os.path.join(BUNDLES, "v1.zip"), "rb") as bundle:
        found["sameBytes"] = s3.get_object(Bucket="releases", Key="v1.zip")["Body"].read() == bundle.read()
    wanted = {"Params": {"Bucket": "releases", "Key": "v1.zip"}, "ExpiresIn": 300}
    found["presignedBySigV2"] = fetch(s3.generate_presigned_url("get_object", **wanted))
    presigned = s3v4.generate_presigned_url("get_object", **wanted)
    found["presigned"] = {"status": fetch(presigned)["status"], "url": presigned}
    found["presignedForAnother"] = fetch(presigned.replace("v1.zip", "v2.zip"))
    try:
        s3.get_object(Bucket="releases", Key="missing.zip")
    except ClientError as error:
        found["missingKey"] = error.response["Error"] | {"status": error.response["ResponseMetadata"]["HTTPStatusCode"]}


def create_balancer(ec2, balancing):
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = sorted(ec2.describe_subnets(Filters=filters)["Subnets"], key=lambda one: one["AvailabilityZone"])[:2]
    ids, vpc = [one["SubnetId"] for one in subnets], subnets[0]["VpcId"]
    front = ec2.create_security_group(GroupName="balancer", Description="The load balancer", VpcId=vpc)["GroupId"]
    back = ec2.create_security_group(GroupName="web", Description="The instances", VpcId=vpc)["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    inside = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": front}]}
    ec2.authorize_security_group_ingress(GroupId=front, IpPermissions=[world])
    ec2.authorize_security_group_ingress(GroupId=back, IpPermissions=[inside])
    balancer = balancing.create_load_balancer(Name="web", Subnets=ids, SecurityGroups=[front])["LoadBalancers"][0]
    group = balancing.create_target_group(
        Name="web", Protocol="HTTP", Port=8080, VpcId=vpc, HealthCheckPath="/health", HealthCheckIntervalSeconds=10
    )["TargetGroups"][0]["TargetGroupArn"]
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
    balancing.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    balancing.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return ids, back, group


def create_fleet(ec2, autoscaling, subnets, security_group, target_group):
    filters = [{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}]
    image = ec2.describe_images(Owners=["amazon"], Filters=filters)["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "m6i.large",
            "SecurityGroupIds": [security_group],
            "IamInstanceProfile": {"Name": "web"},
            # EC2's launch templates take user data as Base64, which boto3 leaves to its caller.
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=2,
        MaxSize=4,
        DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[target_group],
    )

    def in_service():
        group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]
        ids = [one["InstanceId"] for one in group["Instances"] if one["LifecycleState"] == "InService"]
        return ids if len(ids) == 2 else None

    instances = until("two instances in service", in_service)
    # A stock waiter, which sleeps only where the state is not there yet.
    ec2.get_waiter("instance_running").wait(InstanceIds=instances)
    found["instanceTypes"] = [
        one["InstanceType"]
        for page in ec2.get_paginator("describe_instances").paginate(InstanceIds=instances)
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    ]
    return instances


def deploy(codedeploy, service_role):
    codedeploy.create_application(applicationName="web", computePlatform="Server")
    codedeploy.create_deployment_group(
        applicationName="web",
        deploymentGroupName="production",
        serviceRoleArn=service_role,
        autoScalingGroups=["web"],
        deploymentStyle={"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        loadBalancerInfo={"targetGroupInfoList": [{"name": "web"}]},
    )
    deployment = codedeploy.create_deployment(
        applicationName="web",
        deploymentGroupName="production",
        deploymentConfigName="CodeDeployDefault.OneAtATime",
        revision={"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "v1.zip", "bundleType": "zip"}},
    )["deploymentId"]

    def ended():
        info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        return info if "completeTime" in info else None

    info = until("the deployment's end", ended)
    targets = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    found["deployment"] = {
        "status": info["status"],
        "overview": info["deploymentOverview"],
        "seconds": (info["completeTime"] - info["createTime"]).total_seconds(),
        "targets": {
            one["instanceTarget"]["targetId"]: [
                [event["lifecycleEventName"], event["status"]] for event in one["instanceTarget"]["lifecycleEvents"]
            ]
            for one in codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=targets)[
                "deploymentTargets"
            ]
        },
    }
    try:
        codedeploy.get_deployment(deploymentId="d-MISSING00")
    except codedeploy.exceptions.DeploymentDoesNotExistException as error:
        found["missingDeployment"] = error.response["Error"]


def main():
    began = time.monotonic()
    aws = user_session()
    found["caller"] = aws.client("sts").get_caller_identity()["Arn"]
    service_role = create_roles(aws.client("iam"))
    create_bucket(aws.client("s3"), aws.client("s3", config=Config(signature_version="s3v4")))
    ec2, balancing = aws.client("ec2"), aws.client("elbv2")
    subnets, security_group, target_group = create_balancer(ec2, balancing)
    found["instances"] = create_fleet(ec2, aws.client("autoscaling"), subnets, security_group, target_group)
    deploy(aws.client("codedeploy"), service_role)

    def health():
        described = balancing.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        states = [one["TargetHealth"]["State"] for one in described]
        return states if states == ["healthy", "healthy"] else None

    found["health"] = until("two healthy targets", health)
    stolen = boto3.Session(found["accessKeyId"], "not-the-secret", region_name="us-east-1")
    found["wrongSecret"] = {}
    for name, call in [
        ("sts", lambda client: client.get_caller_identity()),
        ("ec2", lambda client: client.describe_instances()),
        ("s3", lambda client: client.list_buckets()),
        ("codedeploy", lambda client: client.list_applications()),
    ]:
        try:
            call(stolen.client(name))
            found["wrongSecret"][name] = "accepted"
        except ClientError as error:
            found["wrongSecret"][name] = error.response["Error"]["Code"]
    found["wallSeconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(found))


main()
