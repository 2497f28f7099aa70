"""VPCs and subnets that are attached to a transit gateway and that nobody made, and routes to single addresses."""

import re

from .call import filters, test
from .networks import give_vpc

SUBNET = re.compile("subnet-[0-9a-f]{8}")


def give_subnets(call, vpc, names):
    """Each in a zone of its own."""
    standing = len(call.ask("ec2", "DescribeSubnets", Filters=filters(vpc_id=vpc))["Subnets"])
    for at, name in enumerate(names, standing):
        zone = call.region + "abc"[at % len("abc")]
        made = call.give("ec2", "CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=zone)
        call.stand_in(name, made["Subnet"]["SubnetId"])


def prepare(call):
    operation, params = call.operation, call.params
    if not call.is_of("ec2") or not operation.endswith("TransitGatewayVpcAttachment"):
        return
    subnets = params.get("SubnetIds", params.get("AddSubnetIds", []))
    unmade = [each for each in subnets if not SUBNET.match(each) and each not in test.stand_ins]
    if not unmade:
        return
    if operation == "ModifyTransitGatewayVpcAttachment":
        ids = [params["TransitGatewayAttachmentId"]]
        found = call.ask("ec2", "DescribeTransitGatewayVpcAttachments", TransitGatewayAttachmentIds=ids)
        give_subnets(call, found["TransitGatewayVpcAttachments"][0]["VpcId"], unmade)
    elif operation == "CreateTransitGatewayVpcAttachment":
        vpc = params["VpcId"]
        give_vpc(call, test.stand_ins.get(vpc, vpc))
        give_subnets(call, test.stand_ins.get(vpc, vpc), unmade)


def completed(call):
    destination = call.params.get("DestinationCidrBlock", "/")
    if call.operation.endswith("TransitGatewayRoute") and "/" not in destination:
        return {**call.params, "DestinationCidrBlock": f"{destination}/32"}
    return None
