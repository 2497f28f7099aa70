"""Images that only moto has."""

import re

#: moto's (`moto/ec2/resources/amis.json`) by the public image that stands for each; no two have the same, so that a change from
#: one to another shows.
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
ABOUT_IMAGES = re.compile("Image|Tags")

#: By region and name. Public images outlive a reset.
found = {}


def image_for(call, name, pattern):
    if (call.region, name) not in found:
        public = call.ask("ec2", "DescribeImages", Filters=[{"Name": "name", "Values": [pattern]}])["Images"]
        found[call.region, name] = public[0]["ImageId"]
    return found[call.region, name]


def prepare(call):
    if not call.is_of("ec2", "autoscaling", "cloudformation"):
        return
    about = call.is_of("ec2") and ABOUT_IMAGES.search(call.operation)
    text = repr(call.params)
    for name, pattern in (IMAGES if about else {**IMAGES, **LOOSE_IMAGES}).items():
        if name in text:
            call.stand_in(name, image_for(call, name, pattern))
