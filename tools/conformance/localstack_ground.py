"""A plug-in of pytest for LocalStack's tests: finds the endpoint under the names that they write down.

`*.localhost.localstack.cloud` is 127.0.0.1 in public DNS, and `*.localhost` with resolvers that know RFC 6761; a machine
without either is told here. LocalStack's own port stands for the endpoint's.
"""

import importlib.util
import os
import socket
import sys
from unittest.mock import MagicMock
from urllib.parse import urlsplit

LOCALSTACK_PORT = 4566
NAMES = ("localhost", "localhost.localstack.cloud")

resolve = socket.getaddrinfo
own_port = urlsplit(os.environ["TEST_AWS_ENDPOINT_URL"]).port


def is_local(host):
    name = host.decode() if isinstance(host, bytes) else host or ""
    return any(name == each or name.endswith(f".{each}") for each in NAMES)


def resolved(host, port, *args, **kwargs):
    if not is_local(host):
        return resolve(host, port, *args, **kwargs)
    return resolve("127.0.0.1", own_port if port == LOCALSTACK_PORT else port, *args, **kwargs)


socket.getaddrinfo = resolved

#: What checks requests to LocalStack's own API; tests import lists that stand in modules beside it.
UNUSED = "openapi_core"
if importlib.util.find_spec(UNUSED) is None:
    parts = ("contrib.werkzeug", "exceptions", "validation.request.exceptions", "validation.response.exceptions")
    for part in ("", *parts):
        steps = [UNUSED, *filter(None, part.split("."))]
        for length in range(1, len(steps) + 1):
            sys.modules.setdefault(".".join(steps[:length]), MagicMock())
