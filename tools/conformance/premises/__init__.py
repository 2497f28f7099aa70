"""What moto's tests presume of AWS and AWS does not give, put right around each call, so that what they test is reached.

AWS would refuse the set-up of most tests that launch instances, make load balancers or send events: images are moto's own, a
security group stands in another VPC than the subnets, keys are named and never made, a queue lets nobody in. And AWS does in
time what moto does at once. A plug-in of pytest, with a module for each kind of premise. Each may

- `prepare` what a call needs, or say what stands for a word of the test's from then on (`Call.stand_in`),
- give the `completed` parameters, the least that AWS takes, for a test that is about something else,
- wait after the call until what it began has `settle`d.

Answers show the test the names that it used. Whatever is put right is told to the report, test by test; waiting is not.
"""

import botocore.client
import botocore.exceptions

from . import buckets, clusters, events, images, instances, keys, load_balancers, networks, records, stacks, transit_gateways
from .call import Call, replaced, test

MODULES = (
    images,
    load_balancers,
    networks,
    transit_gateways,
    instances,
    keys,
    stacks,
    buckets,
    events,
    records,
    clusters,
)

ask = botocore.client.BaseClient._make_api_call


def pytest_runtest_setup(item):
    test.begin(item)


def put_right(client, operation, params):
    before = test.pairs()
    call = Call(client, operation, replaced(params, before), ask)
    for module in MODULES:
        if hasattr(module, "prepare"):
            try:
                module.prepare(call)
            except botocore.exceptions.ClientError:
                pass  # It is there already, or what is wrong is for the call itself to say.
    for module in MODULES:
        if hasattr(module, "completed"):
            call.params = module.completed(call) or call.params
    pairs = test.pairs()
    wanted = replaced(call.params, [pair for pair in pairs if pair not in before])
    if wanted != params:
        test.put_right()
    answer = ask(client, operation, wanted)
    for module in MODULES:
        if hasattr(module, "settle"):
            module.settle(call, answer)
    return replaced(answer, [(other, one) for one, other in pairs])


botocore.client.BaseClient._make_api_call = put_right
