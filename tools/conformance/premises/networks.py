"""Networks: zones of other regions, VPCs that nobody made, gateways and security groups that stand in no VPC or in another."""

import ipaddress
import re

from .call import filters, test

ZONE = re.compile(r"[a-z]{2}-[a-z]+-\d[a-z]?")
#: The protocols that have ports.
TCP_OR_UDP = ("6", "17")
ALL_PORTS = {"From": 0, "To": 65535}
#: A range for documentation (RFC 3849), which no VPC has.
NO_BLOCK = "2001:db8::/64"
ENDPOINT_ELSEWHERE = re.compile(r"com\.amazonaws\.([a-z]+-[a-z]+-\d)\.(.*)")


def network_of(call, subnets):
    """The VPC of subnets, or the default one."""
    if subnets:
        return call.ask("ec2", "DescribeSubnets", SubnetIds=subnets)["Subnets"][0]["VpcId"]
    return call.ask("ec2", "DescribeVpcs", Filters=filters(is_default="true"))["Vpcs"][0]["VpcId"]


def gateways_of(call, vpc):
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    return call.ask("ec2", "DescribeInternetGateways", Filters=attached)["InternetGateways"]


def give_internet_gateway(call, vpc):
    if gateways_of(call, vpc):
        return
    gateway = call.give("ec2", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    call.give("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)


def give_groups(call, vpc, groups):
    """A security group that stands in another VPC gets a twin in this one."""
    for group in groups or []:
        [found] = call.ask("ec2", "DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"]
        if group in test.stand_ins or found["VpcId"] == vpc:
            continue
        name, description = f"{found['GroupName']} of {vpc}", found["Description"]
        twin = call.give("ec2", "CreateSecurityGroup", GroupName=name, Description=description, VpcId=vpc)
        call.stand_in(group, twin["GroupId"])


def give_vpc(call, vpc):
    """A VPC that nobody made. Says whether it made one."""
    if not vpc or call.ask("ec2", "DescribeVpcs", Filters=filters(vpc_id=vpc))["Vpcs"]:
        return False
    call.stand_in(vpc, call.give("ec2", "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    return True


def zone_of(call, name):
    """A zone of the region for one of another region, or for a region."""
    return call.region + (name[-1] if name[-1] in "abc" else "a")


def take_addresses(call, params):
    """Addresses of a subnet for those that lie outside of it."""
    [subnet] = call.ask("ec2", "DescribeSubnets", SubnetIds=[params["SubnetId"]])["Subnets"]
    block = ipaddress.ip_network(subnet["CidrBlock"])
    listed = [each["PrivateIpAddress"] for each in params.get("PrivateIpAddresses", [])]
    for each in filter(None, [params.get("PrivateIpAddress"), *listed]):
        if ipaddress.ip_address(each) not in block:
            call.stand_in(each, str(block[100 + int(each.split(".")[-1]) % 100]))


def take_gateway(call, table, gateway):
    """The internet gateway that stands in a route table's VPC, which the test's own is made to if there is none."""
    vpc = call.ask("ec2", "DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["VpcId"]
    standing = gateways_of(call, vpc)
    if not standing:
        call.give("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    elif standing[0]["InternetGatewayId"] != gateway:
        call.stand_in(gateway, standing[0]["InternetGatewayId"])


def prepare(call):
    if not call.is_of("ec2"):
        return
    operation, params = call.operation, call.params
    zone = params.get("AvailabilityZone", "")
    gateway = params.get("GatewayId", "")
    if operation == "CreateSubnet" and ZONE.fullmatch(zone) and zone != zone_of(call, zone):
        call.stand_in(zone, zone_of(call, zone))
    elif operation == "CreateNatGateway" and params.get("ConnectivityType") != "private":
        give_internet_gateway(call, network_of(call, [params["SubnetId"]]))
    elif operation == "CreateNetworkInterface":
        give_groups(call, network_of(call, [params["SubnetId"]]), params.get("Groups"))
        take_addresses(call, params)
    elif operation == "ModifyNetworkInterfaceAttribute":
        ids = [params["NetworkInterfaceId"]]
        [found] = call.ask("ec2", "DescribeNetworkInterfaces", NetworkInterfaceIds=ids)["NetworkInterfaces"]
        give_groups(call, found["VpcId"], params.get("Groups"))
    elif operation == "CreateSecurityGroup":
        give_vpc(call, params.get("VpcId", ""))
    elif operation == "CreateManagedPrefixList" and params.get("AddressFamily") == "?":
        call.stand_in("?", "IPv4")
    elif operation in ("CreateRoute", "ReplaceRoute") and gateway.startswith("igw-"):
        take_gateway(call, params["RouteTableId"], gateway)


def completed(call):
    operation, params = call.operation, call.params
    if not call.is_of("ec2"):
        return None
    if operation == "CreateVpcEndpoint":
        kind, service = params.get("VpcEndpointType", ""), params.get("ServiceName", "")
        elsewhere = ENDPOINT_ELSEWHERE.fullmatch(service)
        name = f"com.amazonaws.{call.region}.{elsewhere[2]}" if elsewhere else service
        return {**params, "ServiceName": name, **({"VpcEndpointType": kind[0].upper() + kind[1:]} if kind else {})}
    if operation == "CreateNetworkAclEntry" and params.get("Protocol") in TCP_OR_UDP:
        return {"PortRange": ALL_PORTS, **params}
    if operation == "CreateSubnet" and params.get("Ipv6CidrBlock") == NO_BLOCK:
        return {name: value for name, value in params.items() if name != "Ipv6CidrBlock"}
    return None


#: What takes its time: the operation that begins it, the resource in its answer, its id, and where it is looked for.
BEGUN = {
    "AcceptVpcPeeringConnection": ("VpcPeeringConnection", "VpcPeeringConnectionId", "VpcPeeringConnections"),
    "CreateNatGateway": ("NatGateway", "NatGatewayId", "NatGateways"),
    "CreateTransitGateway": ("TransitGateway", "TransitGatewayId", "TransitGateways"),
    "DeleteTransitGateway": ("TransitGateway", "TransitGatewayId", "TransitGateways"),
}
ATTACHMENT = ("TransitGatewayVpcAttachment", "TransitGatewayAttachmentId", "TransitGatewayVpcAttachments")
for verb in ("Create", "Delete"):
    BEGUN[f"{verb}TransitGatewayVpcAttachment"] = ATTACHMENT
BUSY = ("pending", "provisioning", "deleting")


def settle(call, answer):
    if not call.is_of("ec2") or call.operation not in BEGUN:
        return
    made, key, listed = BEGUN[call.operation]
    ids = {f"{key}s": [answer[made][key]]}

    def settled():
        [found] = call.ask("ec2", f"Describe{listed}", **ids)[listed]
        return (found.get("State") or found["Status"]["Code"]) not in BUSY

    call.wait(settled)
