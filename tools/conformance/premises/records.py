"""Hosted zones that share one reference."""

from .call import test


def completed(call):
    if call.operation != "CreateHostedZone":
        return None
    reference = call.params["CallerReference"]
    times = test.references[reference] = test.references.get(reference, 0) + 1
    return {**call.params, "CallerReference": f"{reference}-{times}"} if times > 1 else None
