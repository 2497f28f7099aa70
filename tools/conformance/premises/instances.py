"""Instances, volumes and images: where a launch goes, whose word a profile takes, and what is under way."""

import re
import time

from .call import PAUSE

#: Where a launch says where it goes; moto puts all others into the region's first zone, AWS into any.
PLACES = ("Placement", "SubnetId", "NetworkInterfaces", "LaunchTemplate")
BEGINS = re.compile("Run|Start|Stop|Terminate|Create|Copy|Delete|Attach|Detach|Register")
#: What is under way and what tells of it: the filter and its values.
UNDER_WAY = {
    "Instances?": ("DescribeInstances", "Reservations", "instance-state-name", ["pending", "stopping", "shutting-down"]),
    "Volumes?": ("DescribeVolumes", "Volumes", "status", ["creating", "deleting"]),
    "(At|De)tachVolume": ("DescribeVolumes", "Volumes", "attachment.status", ["attaching", "detaching"]),
    "Snapshots?": ("DescribeSnapshots", "Snapshots", "status", ["pending"]),
    "Images?": ("DescribeImages", "Images", "state", ["pending"]),
}


def completed(call):
    params = call.params
    if not call.is_of("ec2"):
        return None
    if call.operation == "RunInstances" and not any(params.get(each) for each in PLACES):
        return {**params, "Placement": {"AvailabilityZone": f"{call.region}a"}}
    profile = params.get("IamInstanceProfile") or {}
    if isinstance(profile, dict) and profile.get("Arn") and profile.get("Name"):
        return {**params, "IamInstanceProfile": {"Arn": profile["Arn"]}}
    return None


def settle(call, answer):
    if call.is_of("autoscaling") and not call.operation.startswith("Describe"):
        time.sleep(PAUSE)
    if not call.is_of("ec2") or not BEGINS.match(call.operation):
        return
    for noun, (describe, member, name, values) in UNDER_WAY.items():
        if re.search(f"{noun}$", call.operation):
            busy = [{"Name": name, "Values": values}]
            call.wait(lambda: not call.ask("ec2", describe, Filters=busy)[member])
