"""Stacks whose names AWS does not take, and whose roles nobody made."""

import json
import re

STACK_CHANGES = ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet", "CreateChangeSet")
WRONG_NAME = re.compile(r"_|^\d")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def give_role(call, role):
    principal = {"Service": "cloudformation.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = role.split("/")[-1]
    call.give("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
    call.give("iam", "AttachRolePolicy", RoleName=name, PolicyArn=ADMINISTRATOR)


def prepare(call):
    if not call.is_of("cloudformation"):
        return
    name = call.params.get("StackName", "")
    if call.operation in STACK_CHANGES and WRONG_NAME.search(name):
        call.stand_in(name, re.sub(r"^(\d)", r"stack-\1", name.replace("_", "-")))
    if call.params.get("RoleARN"):
        give_role(call, call.params["RoleARN"])


def settle(call, answer):
    if not call.is_of("cloudformation") or call.operation not in STACK_CHANGES:
        return

    def settled():
        states = [each["StackStatus"] for each in call.ask("cloudformation", "DescribeStacks")["Stacks"]]
        return not any(each.endswith("_IN_PROGRESS") and each != "REVIEW_IN_PROGRESS" for each in states)

    call.wait(settled)
