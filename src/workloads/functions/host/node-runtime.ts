// The Node.js runtime, as the text of the file that every Node.js environment starts: it loads the handler, asks the Runtime
// API for invocations and answers them. Error types, messages and log lines are those of AWS's runtime,
// https://github.com/aws/aws-lambda-nodejs-runtime-interface-client, which is read for its behaviour and not copied.

export const NODE_RUNTIME: string = String.raw`
import { statSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import * as modules from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const [clockText, inline, sandtable] = process.argv.splice(2);
const env = process.env;
const root = env.LAMBDA_TASK_ROOT;
const major = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV)?.[1] ?? 0);
/** From here on a handler is a function of event and context, awaited, without callbacks. */
const modern = major >= 24;
const wallNow = Date.now;

// ---- The log: text lines with virtual time ----

let clock = clockOf(clockText);
let requestId;

function clockOf(text) {
  const [now, wall, rate] = text.split('/').map(Number);
  return { now, wall, rate };
}

function write(level, text) {
  const at = new Date(clock.now + (wallNow() - clock.wall) * clock.rate).toISOString();
  process.stdout.write([at, String(requestId), level, text].join('\t').replaceAll('\n', '\r') + '\n');
}

const LEVELS = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE', fatal: 'FATAL' };
for (const [method, level] of Object.entries(LEVELS)) console[method] = (...args) => write(level, format(...args));

/** What is written is out before anything that is done after it, also where the process then ends at once. */
for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);

function plainly(key, value) {
  if (!(value instanceof Error)) return value;
  const { name, message, code, stack } = value;
  return { errorType: name, errorMessage: message, code, ...value, stack: stack?.split('\n') };
}

function logError(what, error) {
  let text;
  try {
    text = JSON.stringify(error, plainly);
  } catch {
    text = JSON.stringify(reported(error));
  }
  write('ERROR', what + ' \t' + text);
}

// ---- Errors ----

function fault(name, message, stack) {
  const error = new Error(message);
  error.name = name;
  error.stack = stack ?? error.stack.replace(/^Error/, name);
  return error;
}

function reported(error) {
  try {
    if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
    return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
  } catch {
    const errorMessage = 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
    return { errorType: 'handled', errorMessage, trace: [] };
  }
}

// ---- The Runtime API ----

const [hostname, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');

function call(method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((done, failed) => {
    const outgoing = request({ hostname, port, method, path: '/2018-06-01/runtime/' + path, headers, agent: false }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => done({ headers: response.headers, body: Buffer.concat(pieces).toString() }));
      response.on('error', failed);
    });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}

/** What nobody has caught ends the runtime, after it has been reported. */
function fatal(what, error, status) {
  logError(what, error);
  const path = requestId === undefined ? 'init/error' : 'invocation/' + requestId + '/error';
  call('POST', path, JSON.stringify(reported(error))).finally(() => process.exit(status));
}

process.on('uncaughtException', (error) => fatal('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason, promise) => {
  const error = fault('Runtime.UnhandledPromiseRejection', String(reason));
  if (reason?.stack) error.stack = 'Runtime.UnhandledPromiseRejection: ' + reason.stack;
  fatal('Unhandled Promise Rejection', Object.assign(error, { reason, promise }), 128);
});

// ---- What Lambda has on board: the AWS SDK, and for code in templates the response module ----

const onBoard = modules.createRequire(sandtable);

/** Where a module that the package lacks comes from, if Lambda has it. */
function boarded(specifier, context, next) {
  const at = (path) => ({ url: pathToFileURL(path).href, shortCircuit: true });
  if (specifier === 'cfn-response' && inline !== '') return at(join(inline, 'cfn-response.js'));
  if (!/^@(?:aws-sdk|smithy)\//.test(specifier)) return undefined;
  if (context.conditions.includes('require')) return at(onBoard.resolve(specifier));
  return next(specifier, { ...context, parentURL: pathToFileURL(sandtable).href });
}

modules.registerHooks?.({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (missing) {
      let found;
      try {
        found = boarded(specifier, context, next);
      } catch {
        // Not installed here either.
      }
      if (found) return found;
      throw missing;
    }
  },
});

// ---- The handler ----

const require = modules.createRequire(join(root, 'index.js'));

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isModule(file) {
  if (file.endsWith('.mjs')) return true;
  if (file.endsWith('.cjs')) return false;
  for (let at = dirname(file); at.startsWith(root); at = dirname(at)) {
    if (isFile(join(at, 'package.json'))) return JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')).type === 'module';
  }
  return false;
}

async function loaded(folder, name) {
  try {
    for (const extension of ['', '.js', '.mjs', '.cjs']) {
      const file = resolve(root, folder, name) + extension;
      if (isFile(file)) return isModule(file) ? await import(pathToFileURL(file).href) : require(file);
    }
    return require(require.resolve(name, { paths: [root, join(root, folder)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw fault('Runtime.UserCodeSyntaxError', String(error), error.stack);
    if (error?.code === 'MODULE_NOT_FOUND') throw fault('Runtime.ImportModuleError', String(error));
    throw error;
  }
}

function within(value, path) {
  return path.split('.').reduce((at, key) => (at !== null && typeof at === 'object' ? at[key] : undefined), value);
}

async function handlerOf(text) {
  if (text.includes('..'))
    throw fault('Runtime.MalformedHandlerName', "'" + text + "' is not a valid handler name. Use absolute paths when specifying root directories in handler names.");
  const [, name, member] = /^([^.]*)\.(.*)$/.exec(basename(text)) ?? [];
  if (name === undefined) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  const found = await loaded(dirname(text), name);
  const handler = within(found, member) ?? within(found?.default, member);
  if (!handler) throw fault('Runtime.HandlerNotFound', text + ' is undefined or not exported');
  if (typeof handler !== 'function') throw fault('Runtime.HandlerNotFound', text + ' is not a function');
  if (modern && handler.length >= 3)
    throw fault('Runtime.CallbackHandlerDeprecated', 'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.');
  return handler;
}

globalThis.awslambda = {
  streamifyResponse() {
    throw fault('Runtime.MalformedStreamingHandler', 'Sandtable does not model response streaming.');
  },
};

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const client = headers['lambda-runtime-client-context'];
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: client === undefined ? undefined : JSON.parse(client),
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - wallNow(),
  };
}

/** What to do once nothing is left to be done. */
let onIdle;
process.on('beforeExit', () => {
  const idle = onIdle;
  onIdle = undefined;
  idle?.();
});

const EXIT = 'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

/** Runs the handler to its end. Resolves to what it gave, or what it threw. */
function run(handler, event, context) {
  return new Promise((settle) => {
    let patient = true;
    const callback = (error, result) => {
      onIdle = undefined;
      if (error !== undefined && error !== null) return settle({ error });
      if (!patient) return settle({ result });
      onIdle = () => setImmediate(() => settle({ result }));
    };
    const succeed = (result) => ((patient = false), callback(null, result));
    const fail = (error) => callback(error ?? 'handled');
    const never = modern || handler.constructor.name === 'AsyncFunction';
    onIdle = () => settle(never ? { error: fault('Runtime.NodeJsExit', EXIT) } : { result: null });
    if (!modern) {
      Object.assign(context, { succeed, fail, done: (error, result) => ((patient = false), callback(error, result)) });
      Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
        enumerable: true,
        get: () => patient,
        set: (value) => void (patient = value),
      });
    }
    try {
      const given = modern ? handler(event, context) : handler(event, context, callback);
      if (typeof given?.then === 'function') given.then(succeed, fail);
      else if (modern) succeed(given);
    } catch (error) {
      fail(error);
    }
  });
}

async function answer(id, { error, result }) {
  let failure = error;
  if (failure === undefined) {
    try {
      return await call('POST', 'invocation/' + id + '/response', JSON.stringify(result ?? null) ?? 'null');
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
      failure = fault('Runtime.JSONStringifyError', 'Unable to stringify response body');
    }
  }
  logError('Invoke Error', failure);
  await call('POST', 'invocation/' + id + '/error', JSON.stringify(reported(failure)));
}

try {
  const handler = await handlerOf(env._HANDLER);
  for (;;) {
    const { headers, body } = await call('GET', 'invocation/next');
    requestId = headers['lambda-runtime-aws-request-id'];
    clock = clockOf(headers['sandtable-clock']);
    env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    const outcome = await run(handler, JSON.parse(body), contextOf(headers));
    onIdle = undefined;
    await answer(requestId, outcome);
  }
} catch (error) {
  fatal('Uncaught Exception', error, 129);
}
`;
