"""Container instances that tell nothing of themselves, and chains of certificates that go on after their root."""

import re

#: What an agent says of the instance that it registers: moto's own figures.
AGENT_RESOURCES = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 7482},
    {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2376", "2375", "51678", "51679"]},
]
FIRST_CERTIFICATE = re.compile(b".*?-----END CERTIFICATE-----\n", re.DOTALL)


def completed(call):
    params = call.params
    if call.operation == "RegisterContainerInstance":
        return {"totalResources": AGENT_RESOURCES, **params}
    if call.operation == "ImportCertificate" and "CertificateChain" in params:
        return {**params, "CertificateChain": FIRST_CERTIFICATE.match(params["CertificateChain"]).group()}
    return None
