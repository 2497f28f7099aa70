"""Images that only moto has."""

#: moto's (`moto/ec2/resources/amis.json`) and ids that it never looks at, by the public image that stands for each; no two have
#: the same, so that a change from one to another shows.
IMAGES = {
    "ami-12c6146b": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
    "ami-03cf127a": "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2",
    "ami-fa7cdd89": "amzn2-ami-hvm-2.0.*-x86_64-ebs",
    "ami-f4cf1d8d": "Windows_Server-2016-English-Full-Base-*",
    "ami-12345678": "amzn-ami-hvm-*-x86_64-gp2",
    "ami-pytest": "al2023-ami-2023.*-x86_64",
}

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
    text = repr(call.params)
    for name, pattern in IMAGES.items():
        if name in text:
            call.stand_in(name, image_for(call, name, pattern))
