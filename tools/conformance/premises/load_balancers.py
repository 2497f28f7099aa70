"""Load balancers: VPCs without an internet gateway, names that are too long, listeners and rules that do nothing."""

import re

from .call import filters, test
from .networks import give_groups, give_internet_gateway, network_of

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_NAME = 32
ANY_ACTION = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
ANY_PATH = {"Field": "path-pattern", "Values": ["/*"]}


def give_subnets(call, subnets):
    """A group launches into the same zones of the default VPC, where Classic Load Balancers stand, unless targets are due here."""
    due = [each["VpcId"] for each in call.ask("elbv2", "DescribeTargetGroups")["TargetGroups"]]
    for subnet in call.ask("ec2", "DescribeSubnets", SubnetIds=subnets.split(","))["Subnets"]:
        if subnet["SubnetId"] in test.stand_ins or subnet["VpcId"] in due:
            continue
        place = filters(availability_zone=subnet["AvailabilityZone"], default_for_az="true")
        [found] = call.ask("ec2", "DescribeSubnets", Filters=place)["Subnets"]
        if found["SubnetId"] not in test.stand_ins.values():
            call.stand_in(subnet["SubnetId"], found["SubnetId"])


def prepare(call):
    params = call.params
    if call.is_of("elb", "elbv2") and call.operation == "CreateLoadBalancer":
        mapped = [each["SubnetId"] for each in params.get("SubnetMappings") or []]
        vpc = network_of(call, params.get("Subnets") or mapped)
        if params.get("Scheme") != "internal":
            give_internet_gateway(call, vpc)
        give_groups(call, vpc, params.get("SecurityGroups"))
        name = params.get("LoadBalancerName", "")
        if UUID.fullmatch(name) or "_" in name:
            call.stand_in(name, name.replace("_", "-")[:LONGEST_NAME])
    elif call.is_of("elbv2") and call.operation == "SetSecurityGroups":
        arns = [params["LoadBalancerArn"]]
        [found] = call.ask("elbv2", "DescribeLoadBalancers", LoadBalancerArns=arns)["LoadBalancers"]
        give_groups(call, found["VpcId"], params["SecurityGroups"])
    elif call.operation == "CreateAutoScalingGroup" and "VPCZoneIdentifier" in params:
        give_subnets(call, params["VPCZoneIdentifier"])


def completed(call):
    params = call.params
    if not call.is_of("elbv2"):
        return None
    if call.operation == "CreateListener" and params.get("DefaultActions") == []:
        return {**params, "DefaultActions": [ANY_ACTION]}
    if call.operation == "CreateRule" and params.get("Conditions") == []:
        return {**params, "Conditions": [ANY_PATH], "Actions": params.get("Actions") or [ANY_ACTION]}
    return None
