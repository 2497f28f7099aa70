"""Keys that are named and never made: key pairs of EC2, and keys of KMS whose policies are no policies."""

import json
import re

from .call import test

ACCOUNT = "123456789012"
KEY_USERS = ("RunInstances", "CreateLaunchConfiguration", "CreateStack", "CreateChangeSet", "UpdateStack")
KEY_NAMES = re.compile(r"""KeyName["']?(?:: *|, *["']ParameterValue["']: *)["']?([\w-]+)""")
MADE_BY_STACK = re.compile(r"AWS::EC2::KeyPair\W*(Properties|\"|')")
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def give_key_pairs(call):
    text = json.dumps(call.params, default=str).replace("\\n", "\n").replace("\\", "")
    if MADE_BY_STACK.search(text):
        return
    parameters = call.params.get("Parameters") or []
    named = [each.get("ParameterValue") for each in parameters if each.get("ParameterKey") == "KeyName"]
    wanted = {*KEY_NAMES.findall(text), *filter(None, named)}
    standing = {each["KeyName"] for each in call.ask("ec2", "DescribeKeyPairs")["KeyPairs"]}
    for name in wanted - standing:
        call.give("ec2", "ImportKeyPair", KeyName=name, PublicKeyMaterial=PUBLIC_KEY)


def policy(text):
    """A policy that lets the account use a key, for a text that is none."""
    owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Id": text, "Statement": [statement]})


def give_key(call, name):
    """A key of KMS for a text that names none, or for an alias that was never made."""
    if name in test.stand_ins or name.startswith("alias/aws/"):
        return
    key = call.give("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    if name.startswith("alias/"):
        call.give("kms", "CreateAlias", AliasName=name, TargetKeyId=key)
    else:
        call.stand_in(name, key)


def prepare(call):
    params = call.params
    if call.operation in KEY_USERS:
        give_key_pairs(call)
    elif call.is_of("kms") and not params.get("Policy", "{").startswith("{"):
        call.stand_in(params["Policy"], policy(params["Policy"]))
    elif call.is_of("ssm") and params.get("Type") == "SecureString" and "KeyId" in params:
        give_key(call, params["KeyId"])
