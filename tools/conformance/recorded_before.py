"""What has happened to AWS's answers since LocalStack recorded them, taken out again before they are compared.

In November 2025 CloudFormation began to tell an operation's id in answers and events, and a stack's last operation
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-events.html). Tests that were recorded before have neither. And
the suite runs at instant timings: events of one stack that AWS tells milliseconds apart come at one time, and tests that sort them
by time would turn them round. A plug-in of pytest; it touches nothing else.
"""

import datetime
import json
from pathlib import Path

import botocore.client

CHANGED = datetime.datetime(2025, 11, 18)
OPERATIONS = ("CreateStack", "UpdateStack", "RollbackStack", "DescribeStackEvents", "DescribeStacks")

call = botocore.client.BaseClient._make_api_call
recorded = {"before": False}


def recorded_at(item):
    """When the answers of a test were recorded, as its snapshot or the list of validations says."""
    name = item.nodeid
    path = Path(str(item.fspath))
    for suffix, key in ((".snapshot.json", "recorded-date"), (".validation.json", "last_validated_date")):
        file = path.with_suffix(suffix)
        entry = json.loads(file.read_text()).get(name) if file.exists() else None
        if entry and key in entry:
            text = entry[key]
            if key == "recorded-date":
                return datetime.datetime.strptime(text, "%d-%m-%Y, %H:%M:%S")
            return datetime.datetime.fromisoformat(text).replace(tzinfo=None)
    return None


def pytest_runtest_setup(item):
    at = recorded_at(item)
    recorded["before"] = at is not None and at < CHANGED


def apart(events):
    """Events, newest first, at times of their own."""
    later = None
    for event in reversed(events):
        if later is not None and event["Timestamp"] <= later:
            event["Timestamp"] = later + datetime.timedelta(milliseconds=1)
        later = event["Timestamp"]


def as_recorded(client, operation, params):
    answer = call(client, operation, params)
    if client.meta.service_model.service_name != "cloudformation" or operation not in OPERATIONS:
        return answer
    apart(answer.get("StackEvents", []))
    if recorded["before"]:
        for each in (answer, *answer.get("StackEvents", []), *answer.get("Stacks", [])):
            each.pop("OperationId", None)
            each.pop("LastOperations", None)
    return answer


botocore.client.BaseClient._make_api_call = as_recorded
