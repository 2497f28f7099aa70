"""A pytest plugin for moto's tests: makes the roles that they use after each of their resets.

Most of moto's tests of functions make their role with a trust policy that AWS takes for malformed, and look for it first; its
tests of deployments name one that they never make. With a role that is there already they get to what they are about.
GROUND_ROLES names them by their path and name.
"""

import json
import os

import boto3
from botocore.exceptions import ClientError
from moto.core.models import ServerModeMockAWS

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

iam = boto3.client(
    "iam",
    region_name="us-east-1",
    endpoint_url=os.environ["TEST_SERVER_MODE_ENDPOINT"],
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
reset = ServerModeMockAWS.reset


def reset_with_roles(self):
    reset(self)
    for role in filter(None, os.environ.get("GROUND_ROLES", "").split(",")):
        path, _, name = role.rpartition("/")
        try:
            iam.create_role(RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=TRUST)
            iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise


ServerModeMockAWS.reset = reset_with_roles
