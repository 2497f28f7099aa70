#!/usr/bin/env python3
"""Distils AWS's published service models (botocore's data files) into contracts/<id>.json.

Facts only: operations, shapes, members, wire names, constraints, error codes. The keys of the output are
documented in src/contract/contract-json.ts. Run it with `python3 tools/contracts/generate.py` where botocore 1.43.11
is installed and `node` is the repository's own; the result is committed, so that a user needs neither.
"""

import gzip
import json
import pathlib
import subprocess
import sys

import botocore

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "contracts"
DATA = pathlib.Path(botocore.__file__).parent / "data"
BOTOCORE = "1.43.11"

# Our id is the signing name wherever that names one service only. id -> folder in botocore.
SERVICES = {
    "acm": "acm",
    "autoscaling": "autoscaling",
    "cloudformation": "cloudformation",
    "codedeploy": "codedeploy",
    "codedeploy-commands": None,
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "ecr": "ecr",
    "ecs": "ecs",
    "elasticloadbalancing": "elbv2",
    "elasticloadbalancing-classic": "elb",
    "events": "events",
    "iam": "iam",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "route53": "route53",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
}
OVERLAYS = json.loads((HERE / "overlays.json").read_text())
# What the index leaves out.
DETAILS = ("operations", "shapes", "skippedPatterns", "source")
# src/contract/validate.ts tests a pattern on no longer string than this.
LONGEST = 2048
KINDS = {"float": "double", "character": "string"}


def model(service_id, folder):
    """The newest published model of one service."""
    if folder is None:
        return json.loads((HERE / f"{service_id}.json").read_text())
    newest = sorted(p for p in (DATA / folder).iterdir() if p.is_dir())[-1]
    packed = newest / "service-2.json.gz"
    if packed.exists():
        return json.loads(gzip.decompress(packed.read_bytes()))
    return json.loads((newest / "service-2.json").read_text())


def put(target, key, value):
    """Only what is there: an absent key is false, empty or unknown."""
    if value not in (None, False, "", [], {}):
        target[key] = 1 if value is True else value


def reference(raw, xml_name=None):
    ref = {"s": raw["shape"]}
    put(ref, "n", raw.get("locationName"))
    put(ref, "x", xml_name)
    put(ref, "in", raw.get("location"))
    put(ref, "q", raw.get("queryName"))
    put(ref, "f", raw.get("flattened"))
    put(ref, "a", raw.get("xmlAttribute"))
    put(ref, "ns", namespace(raw.get("xmlNamespace")))
    put(ref, "ts", raw.get("timestampFormat"))
    put(ref, "st", raw.get("streaming"))
    put(ref, "tok", raw.get("idempotencyToken"))
    put(ref, "host", raw.get("hostLabel"))
    put(ref, "jv", raw.get("jsonvalue"))
    put(ref, "ep", raw.get("eventpayload"))
    return ref if len(ref) > 1 else ref["s"]


def namespace(raw):
    if raw is None or isinstance(raw, str):
        return raw
    return [raw["uri"], raw["prefix"]] if "prefix" in raw else raw["uri"]


def shape(name, raw, overlay, patterns):
    out = {"t": "document" if raw.get("document") else KINDS.get(raw["type"], raw["type"])}
    xml_names = overlay.get("xmlNames", {})
    if out["t"] == "structure":
        members = {m: reference(r, xml_names.get(f"{name}.{m}")) for m, r in raw.get("members", {}).items()}
        put(out, "m", members)
        put(out, "r", raw.get("required"))
    elif out["t"] == "list":
        out["l"] = reference(raw["member"])
    elif out["t"] == "map":
        key_name, value_name = overlay.get("mapNames", {}).get(name, (None, None))
        out["k"] = reference(raw["key"], key_name)
        out["v"] = reference(raw["value"], value_name)
    put(out, "e", overlay.get("enums", {}).get(name, raw.get("enum")))
    for key, member in (("min", "min"), ("max", "max")):
        if member in raw:
            out[key] = raw[member]
    found = patterns.get(raw.get("pattern"), {})
    put(out, "p", found.get("js"))
    put(out, "pi", found.get("flags"))
    put(out, "pj", raw["pattern"] if "js" in found and found["js"] != raw["pattern"] else None)
    put(out, "f", raw.get("flattened"))
    put(out, "pl", raw.get("payload"))
    put(out, "u", raw.get("union"))
    put(out, "ev", raw.get("event"))
    put(out, "es", raw.get("eventstream"))
    put(out, "st", raw.get("streaming"))
    put(out, "ts", raw.get("timestampFormat"))
    put(out, "n", overlay.get("roots", {}).get(name, raw.get("locationName")))
    put(out, "ns", namespace(raw.get("xmlNamespace")))
    put(out, "sn", raw.get("sensitive"))
    if raw.get("exception") or raw.get("error"):
        error = raw.get("error", {})
        code, status = error.get("code"), error.get("httpStatusCode")
        if name in overlay.get("errors", {}):
            code, status = overlay["errors"][name]
        out["x"] = {}
        put(out["x"], "c", code if code != name else None)
        put(out["x"], "s", status)
        put(out["x"], "f", raw.get("fault") or error.get("fault") or (status or 0) >= 500)
    return out


def operation(name, raw, overlay):
    out = {}
    put(out, "i", raw.get("input", {}).get("shape"))
    put(out, "o", raw.get("output", {}).get("shape"))
    put(out, "e", [e["shape"] for e in raw.get("errors", [])])
    put(out, "w", raw.get("output", {}).get("resultWrapper"))
    http = raw["http"]
    method, uri = http.get("method", "POST"), http.get("requestUri", "/")
    status = overlay.get("statuses", {}).get(name, http.get("responseCode", 200))
    if (method, uri, status) != ("POST", "/", 200):
        out["h"] = [method, uri, status] if status != 200 else [method, uri]
    put(out, "n", raw.get("input", {}).get("locationName"))
    put(out, "ns", namespace(raw.get("input", {}).get("xmlNamespace")))
    put(out, "host", raw.get("endpoint", {}).get("hostPrefix"))
    put(out, "ck", raw.get("httpChecksum", {}).get("requestChecksumRequired"))
    put(out, "anon", raw.get("authtype") == "none" or "smithy.api#noAuth" in raw.get("auth", []))
    put(out, "uw", name in overlay.get("unwrapped", []))
    return out


def contract(service_id, raw, patterns):
    meta, overlay = raw["metadata"], OVERLAYS.get(service_id, {})
    own = {s["pattern"] for s in raw["shapes"].values() if "pattern" in s}
    skipped = sorted(p for p in own if "why" in patterns[p])
    out = {
        "id": service_id,
        "source": "aws-codedeploy-agent" if "serviceId" not in meta else f"botocore {BOTOCORE}",
        "name": meta.get("serviceAbbreviation", meta["serviceFullName"]),
        "serviceId": meta.get("serviceId", meta.get("serviceAbbreviation")),
        "signingName": meta.get("signingName", meta["endpointPrefix"]),
        "endpointPrefix": meta["endpointPrefix"],
        "apiVersion": meta["apiVersion"],
        "protocols": overlay.get("protocols") or meta.get("protocols") or [meta["protocol"]],
    }
    put(out, "targetPrefix", meta.get("targetPrefix"))
    put(out, "jsonVersion", meta.get("jsonVersion"))
    put(out, "xmlNamespace", overlay.get("xmlNamespace", meta.get("xmlNamespace")))
    put(out, "namespace", overlay.get("namespace"))
    put(out, "globalEndpoint", meta.get("globalEndpoint"))
    put(out, "queryCompatible", "awsQueryCompatible" in meta)
    put(out, "skippedPatterns", {p: patterns[p]["why"] for p in skipped})
    out["operations"] = {n: operation(n, o, overlay) for n, o in sorted(raw["operations"].items())}
    used = reachable(raw)
    out["shapes"] = {n: shape(n, s, overlay, patterns) for n, s in sorted(raw["shapes"].items()) if n in used}
    return out


def reachable(raw):
    """Shapes that an operation can meet, and every error: models carry dead ones."""
    todo = [n for n, s in raw["shapes"].items() if s.get("exception") or s.get("error")]
    for o in raw["operations"].values():
        todo += [o[k]["shape"] for k in ("input", "output") if k in o]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        s = raw["shapes"][name]
        todo += [r["shape"] for r in s.get("members", {}).values()]
        todo += [s[k]["shape"] for k in ("member", "key", "value") if k in s]
    return seen


def main():
    if botocore.__version__ != BOTOCORE:
        sys.exit(f"botocore {BOTOCORE} is pinned, found {botocore.__version__}")
    models = {i: model(i, folder) for i, folder in SERVICES.items()}
    wanted = {}
    for s in (s for m in models.values() for s in m["shapes"].values() if "pattern" in s):
        wanted[s["pattern"]] = max(wanted.get(s["pattern"], 0), min(s.get("max", LONGEST), LONGEST))
    command = ["node", HERE / "patterns.ts"]
    patterns = json.loads(subprocess.run(command, input=json.dumps(wanted), stdout=-1, text=True, check=True).stdout)
    index = []
    OUT.mkdir(exist_ok=True)
    for service_id, raw in models.items():
        out = contract(service_id, raw, patterns)
        path = OUT / f"{service_id}.json"
        path.write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")
        index.append({k: v for k, v in out.items() if k not in DETAILS})
        counts = f"{len(out['operations'])} operations, {len(out['shapes'])} shapes"
        print(f"{service_id}: {counts}, {path.stat().st_size} bytes")
        for pattern, why in out.get("skippedPatterns", {}).items():
            print(f"  pattern left out: {pattern} ({why})")
    (OUT / "index.json").write_text(json.dumps(index, indent=1) + "\n")


main()
