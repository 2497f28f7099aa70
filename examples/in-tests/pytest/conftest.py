"""A local AWS for a run of tests, fresh for each of them, with its clock in the tests' hands."""

import json
import os
import shlex
import subprocess
import urllib.request

import boto3
import pytest

# With Node.js on the computer there is nothing to install: npx fetches it.
COMMAND = shlex.split(os.environ.get("SANDTABLE", "npx --yes sandtable"))


class World:
    """One endpoint: clients for it, and its clock."""

    def __init__(self, announced):
        self.url = announced["url"]
        self._session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )

    def client(self, service, **options):
        return self._session.client(service, endpoint_url=self.url, **options)

    def reset(self):
        """A fresh world, on the same clock."""
        self._post("reset")

    def advance(self, seconds):
        """Moves time on; returns what time it is then, as text."""
        return self._post("clock", {"advanceMs": seconds * 1000})["now"]

    def _post(self, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/_sandtable/{path}", data=json.dumps(body or {}).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def endpoint():
    """Starts the endpoint once, on a port of its own, so that runs can go on side by side."""
    command = [*COMMAND, "up", "--port", "0", "--clock", "manual", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        # It says where it serves in one line, once it does; nothing where it could not start.
        line = process.stdout.readline()
        assert line, f"{shlex.join(command)} did not start"
        yield World(json.loads(line))
        process.terminate()


@pytest.fixture
def world(endpoint):
    endpoint.reset()
    return endpoint
