"""What moto's tests of EC2's networks presume and AWS does not give; see premises.py, which applies it.

They name zones of other regions, VPCs that nobody made, an address family that is none, gateways that stand in no VPC, and rules
without the ports that AWS asks for.
"""

import ipaddress
import re
import time

ZONE = re.compile(r"[a-z]{2}-[a-z]+-\d[a-z]?")
#: The protocols that have ports.
TCP_OR_UDP = ("6", "17")
ALL_PORTS = {"From": 0, "To": 65535}
#: A range for documentation (RFC 3849), which no VPC has.
NO_BLOCK = "2001:db8::/64"
PAUSE = 0.2
MOST_LOOKS = 50


def zone_of(client, name):
    """A zone of the region for one of another region, or for a region."""
    return client.meta.region_name + (name[-1] if name[-1] in "abc" else "a")


def has_vpc(call, ec2, vpc):
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    return bool(call(ec2, "DescribeVpcs", {"Filters": filters})["Vpcs"])


def gateway_of(call, ec2, table, gateway):
    """The internet gateway that stands in a route table's VPC, which the test's own is made to if there is none."""
    [found] = call(ec2, "DescribeRouteTables", {"RouteTableIds": [table]})["RouteTables"]
    vpc = found["VpcId"]
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    standing = call(ec2, "DescribeInternetGateways", {"Filters": attached})["InternetGateways"]
    if standing:
        return standing[0]["InternetGatewayId"]
    call(ec2, "AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
    return gateway


def addresses_for(call, ec2, params):
    """Addresses of a subnet for those that lie outside of it."""
    [subnet] = call(ec2, "DescribeSubnets", {"SubnetIds": [params["SubnetId"]]})["Subnets"]
    block = ipaddress.ip_network(subnet["CidrBlock"])
    listed = [each["PrivateIpAddress"] for each in params.get("PrivateIpAddresses", [])]
    outside = [each for each in [params.get("PrivateIpAddress"), *listed] if each and ipaddress.ip_address(each) not in block]
    return {each: str(block[100 + int(each.split(".")[-1]) % 100]) for each in outside}


def stands_for(call, client, operation, params):
    """What stands for a word of the test's, in this call and all that follow."""
    zone = params.get("AvailabilityZone", "")
    if operation == "CreateSubnet" and ZONE.fullmatch(zone) and zone != zone_of(client, zone):
        return {zone: zone_of(client, zone)}
    if operation == "CreateNetworkInterface":
        return addresses_for(call, client, params)
    if operation.endswith("TransitGatewayVpcAttachment"):
        return attached_for(call, client, operation, params)
    vpc = params.get("VpcId", "")
    if operation == "CreateSecurityGroup" and vpc and not has_vpc(call, client, vpc):
        return {vpc: call(client, "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]}
    if operation == "CreateManagedPrefixList" and params.get("AddressFamily") == "?":
        return {"?": "IPv4"}
    gateway = params.get("GatewayId", "")
    if operation in ("CreateRoute", "ReplaceRoute") and gateway.startswith("igw-"):
        standing = gateway_of(call, client, params["RouteTableId"], gateway)
        return {} if standing == gateway else {gateway: standing}
    return {}


def completed(client, operation, params):
    """The request as AWS would take it."""
    kind, service = params.get("VpcEndpointType", ""), params.get("ServiceName", "")
    if operation == "CreateVpcEndpoint":
        elsewhere = re.fullmatch(r"com\.amazonaws\.([a-z]+-[a-z]+-\d)\.(.*)", service)
        name = f"com.amazonaws.{client.meta.region_name}.{elsewhere[2]}" if elsewhere else service
        return {**params, "ServiceName": name, **({"VpcEndpointType": kind[0].upper() + kind[1:]} if kind else {})}
    if operation == "CreateNetworkAclEntry" and params.get("Protocol") in TCP_OR_UDP:
        return {"PortRange": ALL_PORTS, **params}
    if operation.endswith("TransitGatewayRoute") and "/" not in params.get("DestinationCidrBlock", "/"):
        return {**params, "DestinationCidrBlock": params["DestinationCidrBlock"] + "/32"}
    if operation == "CreateSubnet" and params.get("Ipv6CidrBlock") == NO_BLOCK:
        return {name: value for name, value in params.items() if name != "Ipv6CidrBlock"}
    return params


#: What takes its time: the operation that begins it, the resource in its answer, its id, and where it is looked for.
BEGUN = {
    "AcceptVpcPeeringConnection": ("VpcPeeringConnection", "VpcPeeringConnectionId", "VpcPeeringConnections"),
    "CreateNatGateway": ("NatGateway", "NatGatewayId", "NatGateways"),
    "CreateTransitGateway": ("TransitGateway", "TransitGatewayId", "TransitGateways"),
    "DeleteTransitGateway": ("TransitGateway", "TransitGatewayId", "TransitGateways"),
}
for verb in ("Create", "Delete"):
    BEGUN[f"{verb}TransitGatewayVpcAttachment"] = (
        "TransitGatewayVpcAttachment",
        "TransitGatewayAttachmentId",
        "TransitGatewayVpcAttachments",
    )
BUSY = ("pending", "provisioning", "deleting")


def settle(call, client, operation, answer):
    """Gateways, attachments and peering connections take their time."""
    if operation not in BEGUN:
        return
    made, key, of = BEGUN[operation]
    for _ in range(MOST_LOOKS):
        [found] = call(client, f"Describe{of}", {f"{key}s": [answer[made][key]]})[of]
        if (found.get("State") or found["Status"]["Code"]) not in BUSY:
            return
        time.sleep(PAUSE)


def subnets_for(call, client, vpc, names):
    """Subnets that nobody made, each in a zone of its own."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    standing = len(call(client, "DescribeSubnets", {"Filters": filters})["Subnets"])
    made = {}
    for at, name in enumerate(names, standing):
        zone = client.meta.region_name + "abc"[at % len("abc")]
        subnet = {"VpcId": vpc, "CidrBlock": f"10.0.{at}.0/24", "AvailabilityZone": zone}
        made[name] = call(client, "CreateSubnet", subnet)["Subnet"]["SubnetId"]
    return made


def attached_for(call, client, operation, params):
    """VPCs and subnets that are attached to a transit gateway and that nobody made."""
    unmade = [each for each in params.get("SubnetIds", params.get("AddSubnetIds", [])) if not re.match("subnet-[0-9a-f]{8}", each)]
    if operation == "ModifyTransitGatewayVpcAttachment" and unmade:
        ids = {"TransitGatewayAttachmentIds": [params["TransitGatewayAttachmentId"]]}
        [found] = call(client, "DescribeTransitGatewayVpcAttachments", ids)["TransitGatewayVpcAttachments"]
        return subnets_for(call, client, found["VpcId"], unmade)
    vpc = params.get("VpcId", "")
    if operation != "CreateTransitGatewayVpcAttachment" or not unmade:
        return {}
    if has_vpc(call, client, vpc):
        return subnets_for(call, client, vpc, unmade)
    made = call(client, "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    return {vpc: made, **subnets_for(call, client, made, unmade)}
