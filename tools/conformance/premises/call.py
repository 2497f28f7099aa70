"""One call of a client, and what is remembered of the test that makes it."""

import time

#: Seconds.
PAUSE = 0.2
MOST_LOOKS = 50


class Test:
    """What lasts until the test ends."""

    def begin(self, item):
        self.item = item
        #: What stands for what: the test's word first.
        self.stand_ins = {}
        #: Buckets that send word of what is done to them.
        self.notified = []
        #: How many hosted zones were made under a reference.
        self.references = {}
        self.told = False

    def pairs(self):
        """The longest first: one name may be the beginning of another."""
        return sorted(self.stand_ins.items(), key=lambda pair: -len(pair[0]))

    def put_right(self):
        """Tells the report once that this test is not run quite as it stands."""
        if self.item is None or self.told:
            return
        self.told = True
        self.item.user_properties.append(("put right", "yes"))


test = Test()
test.begin(None)


class Call:
    def __init__(self, client, operation, params, ask):
        self.client = client
        self.operation = operation
        #: As the test has them but for what stands in, and as they go out.
        self.given = self.params = params
        self.service = client.meta.service_model.service_name
        self.region = client.meta.region_name
        self._ask = ask

    def is_of(self, *services):
        return self.service in services

    def ask(self, service, operation, **params):
        """Asks a service on the side, in the same region."""
        import boto3

        client = self.client
        if service != self.service:
            endpoint = client.meta.endpoint_url if "localhost" in client.meta.endpoint_url else None
            client = boto3.client(service, region_name=self.region, endpoint_url=endpoint)
        return self._ask(client, operation, params)

    def give(self, service, operation, **params):
        """Makes what the test presumes."""
        answer = self.ask(service, operation, **params)
        test.put_right()
        return answer

    def stand_in(self, name, other):
        """From now on `other` goes out where the test says `name`."""
        test.stand_ins[name] = other

    def wait(self, settled):
        for _ in range(MOST_LOOKS):
            if settled():
                return
            time.sleep(PAUSE)


def filters(**values):
    """Filters of EC2: `filters(vpc_id="vpc-1")`."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def replaced(value, pairs):
    if not pairs:
        return value
    if isinstance(value, str):
        for one, other in pairs:
            value = value.replace(one, other)
        return value
    if isinstance(value, dict):
        return {key: replaced(each, pairs) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [replaced(each, pairs) for each in value]
    return value
