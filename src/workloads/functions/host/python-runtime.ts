// The Python runtime, as the text of the file that every Python environment starts. Error types, messages and log lines are
// those of AWS's runtime, https://github.com/aws/aws-lambda-python-runtime-interface-client, which is read for its behaviour
// and not copied.

export const PYTHON_RUNTIME: string = String.raw`
import decimal
import http.client
import importlib
import json
import logging
import os
import site
import sys
import time
import traceback

clock_text, inline, _, packages = sys.argv[1:5]
del sys.argv[1:]
site.setquit()
root = os.environ["LAMBDA_TASK_ROOT"]
own = os.path.abspath(__file__)
sys.path[0] = root
sys.path += [path for path in (packages, inline) if path]
wall_now = time.time
request_id = ""


class Clock:
    def __init__(self, text):
        self.now, self.wall, self.rate = (float(part) for part in text.split("/"))

    def virtual(self, wall):
        return (self.now + (wall * 1000 - self.wall) * self.rate) / 1000


clock = Clock(clock_text)


class Formatter(logging.Formatter):
    """Lines of the standard logging module carry virtual time."""

    def format(self, record):
        at = clock.virtual(record.created)
        record.aws_request_id = request_id
        record.virtual_time = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%03dZ" % (at * 1000 % 1000)
        return super().format(record).replace("\n", "\r")


handler_of_log = logging.StreamHandler(sys.stdout)
handler_of_log.setFormatter(Formatter("[%(levelname)s]\t%(virtual_time)s\t%(aws_request_id)s\t%(message)s"))
logging.getLogger().addHandler(handler_of_log)


class Fault(Exception):
    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace or []


def reported(error):
    """What the caller of the function gets to see."""
    if isinstance(error, Fault):
        error_type, trace = error.error_type, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        while frames and os.path.abspath(frames[0].filename) == own:
            frames.pop(0)
        error_type, trace = type(error).__name__, traceback.format_list(frames)
    return {"errorMessage": str(error), "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def log_error(result):
    said = ": ".join(part for part in (result["errorType"], result["errorMessage"]) if part)
    lines = ["[ERROR] " + said, "Traceback (most recent call last):"]
    for entry in result["stackTrace"]:
        # AWS indents with spaces that do not break, which consoles keep.
        lines += [(len(line) - len(line.lstrip(" "))) * "\u00a0" + line.lstrip(" ") for line in entry.splitlines()]
    print("\r".join(lines).replace("\n", "\r"), flush=True)


def call(method, path, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, "/2018-06-01/runtime/" + path, body and body.encode())
        response = connection.getresponse()
        return response.headers, response.read().decode()
    finally:
        connection.close()


def load(text):
    try:
        module_name, name = text.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '{}': {}".format(text, error))
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module {} as a handler module".format(module_name))
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '{}': {}".format(module_name, error))
    except SyntaxError as error:
        trace = ['  File "{}" Line {}\n    {}'.format(error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '{}': {}".format(module_name, error), trace)
    try:
        return getattr(module, name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '{}' missing on module '{}'".format(name, module_name))


class Given:
    """An object whose attributes are the members of a dictionary, and None beyond."""

    def __init__(self, members):
        self.__dict__.update(members)

    def __getattr__(self, name):
        return None


class LambdaContext:
    def __init__(self, headers):
        environment = os.environ
        client = headers.get("Lambda-Runtime-Client-Context")
        self.aws_request_id = request_id
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.identity = Given({})
        self.client_context = None
        if client:
            members = json.loads(client)
            self.client_context = Given(
                {"client": Given(members.get("client") or {}), "custom": members.get("custom"), "env": members.get("env")}
            )
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, int(self._deadline - wall_now() * 1000))

    def log(self, message):
        print(message, end="", flush=True)


def plain(value):
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("Object of type {} is not JSON serializable".format(type(value).__name__))


def run(handler, headers, body):
    result = handler(json.loads(body), LambdaContext(headers))
    try:
        return json.dumps(result, default=plain, ensure_ascii=False)
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: {}".format(error))


try:
    handler = load(os.environ["_HANDLER"])
except Exception as error:
    result = reported(error)
    log_error(result)
    call("POST", "init/error", json.dumps(result))
    sys.exit(1)

while True:
    headers, body = call("GET", "invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    clock = Clock(headers["Sandtable-Clock"])
    os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
    try:
        answer = run(handler, headers, body)
    except Exception as error:
        result = reported(error)
        log_error(result)
        call("POST", "invocation/" + request_id + "/error", json.dumps(result))
    else:
        call("POST", "invocation/" + request_id + "/response", answer)
`;
