// The environment variables of an execution environment: Lambda's own, the function's over them, and nothing of the developer's.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime

import { join } from 'node:path';
import type { Invocation } from '../effects.ts';

/** Where things are on this computer. */
export interface Places {
  readonly root: string;
  readonly task: string;
  readonly opt: string;
  readonly path: string;
  readonly api: string;
  readonly endpoint: string | undefined;
}

export function variablesOf(
  run: Invocation,
  { root, task, opt, path, api, endpoint }: Places,
): Readonly<Record<string, string>> {
  const { accessKeyId, secret, sessionToken } = run.credentials;
  const execution = run.runtime.startsWith('provided')
    ? {}
    : { AWS_EXECUTION_ENV: `AWS_Lambda_${run.runtime}` };
  return {
    PATH: `${path}:${join(opt, 'bin')}`,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    AWS_REGION: run.region,
    AWS_DEFAULT_REGION: run.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secret,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
    // There is no metadata service; SDKs would look for one in the developer's own network, and for the developer's profiles.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    ...layered(run, opt),
    ...run.environment,
    ...execution,
    _HANDLER: run.handler,
    LAMBDA_TASK_ROOT: task,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_LAMBDA_RUNTIME_API: api,
    AWS_LAMBDA_FUNCTION_NAME: run.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: run.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(run.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    AWS_LAMBDA_LOG_GROUP_NAME: run.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: run.logStream,
    // By this its processes are known, also those that have left their group.
    SANDTABLE_MACHINE: root,
  };
}

/**
 * Where runtimes look for what layers bring.
 * https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html#packaging-layers-paths
 */
function layered({ runtime, layerBlobs }: Invocation, opt: string): Readonly<Record<string, string>> {
  if (!layerBlobs) return {};
  const libraries = { LD_LIBRARY_PATH: join(opt, 'lib') };
  const [, language, major] = /^(nodejs|python)(\d+)/.exec(runtime) ?? [];
  if (language === 'nodejs') {
    const folders = [`nodejs/node${major}/node_modules`, 'nodejs/node_modules'];
    return { ...libraries, NODE_PATH: folders.map((folder) => join(opt, folder)).join(':') };
  }
  if (language === 'python') {
    const folders = [`python/lib/${runtime}/site-packages`, 'python'];
    return { ...libraries, PYTHONPATH: folders.map((folder) => join(opt, folder)).join(':') };
  }
  return libraries;
}
