// An environment in which every AWS client finds a local world.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * This process's environment with the world at `url` in the place of the user's own AWS configuration, of which nothing is left.
 * Files that it names are written to `folder`.
 */
export function clientEnvironment(
  url: string,
  folder: string,
  region: string = 'us-east-1',
): NodeJS.ProcessEnv {
  // Version 1 of the CLI presigns with Signature Version 2 unless told otherwise, which newer Regions do not take.
  writeFileSync(join(folder, 'config'), '[default]\ns3 =\n  signature_version = s3v4\n');
  writeFileSync(join(folder, 'credentials'), '');
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  const { NO_PROXY, no_proxy = NO_PROXY } = process.env;
  const direct = ['127.0.0.1', 'localhost', ...(no_proxy ? [no_proxy] : [])].join(',');
  return {
    ...Object.fromEntries(own),
    NO_PROXY: direct,
    no_proxy: direct,
    AWS_ENDPOINT_URL: url,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
