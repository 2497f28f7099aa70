"""A plug-in of pytest for LocalStack's tests: finds the endpoint under the names that they write down.

`*.localhost.localstack.cloud` is 127.0.0.1 in public DNS, and `*.localhost` with resolvers that know RFC 6761; a machine
without either is told here. LocalStack's own port stands for the endpoint's. Beside that it lends the keys that tests presign
with and the checksums of botocore's C extension.
"""

import importlib.util
import os
import socket
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock
from urllib.parse import urlsplit

from botocore import httpchecksum
from localstack.services.s3 import constants

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

#: Tests presign with keys of LocalStack's own, which it knows; here they have to be somebody's.
constants.DEFAULT_PRE_SIGNED_ACCESS_KEY_ID = os.environ["TEST_AWS_ACCESS_KEY_ID"]
constants.DEFAULT_PRE_SIGNED_SECRET_ACCESS_KEY = os.environ["TEST_AWS_SECRET_ACCESS_KEY"]

#: Checksums that botocore leaves to its C extension, by their reflected polynomials and bits.
CHECKSUMS = {"crc32c": (0x82F63B78, 32), "crc64nvme": (0x9A6C9329AC4BC9B5, 64)}


def checksum(polynomial, bits):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        table.append(value)
    ones = (1 << bits) - 1

    def update(chunk, previous=0):
        crc = previous ^ ones
        for byte in chunk:
            crc = table[(crc ^ byte) & 255] ^ crc >> 8
        return crc ^ ones

    return update


if httpchecksum.crt_checksums is None:
    httpchecksum.crt_checksums = SimpleNamespace(**{name: checksum(*facts) for name, facts in CHECKSUMS.items()})
    httpchecksum._CHECKSUM_CLS["crc32c"] = httpchecksum.CrtCrc32cChecksum
    httpchecksum._CHECKSUM_CLS["crc64nvme"] = httpchecksum.CrtCrc64NvmeChecksum
    for name in CHECKSUMS:
        httpchecksum._SUPPORTED_CHECKSUM_ALGORITHMS.append(name)
