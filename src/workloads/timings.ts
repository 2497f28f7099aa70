// How long machines, agents and scripts take.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const LAUNCH_STUDY =
  'AWS publishes no figure; Amazon Linux on Nitro answers SSH some 10 to 20 s after it is running';

/** From the start of the hardware until the operating system is up and user data begins. */
export const boot: Timing = timing('workloads/boot', [10_000, 20_000], 'assumed', LAUNCH_STUDY);

/** The same of Windows Server, which prepares itself anew on its first boot. */
export const windowsBoot: Timing = timing(
  'workloads/windows-boot',
  [60_000, 150_000],
  'assumed',
  'AWS publishes no figure; a password is there after some 4 minutes',
);

/** Clean shutdown of the operating system, without the applications. */
export const shutdown: Timing = timing(
  'workloads/shutdown',
  [3_000, 8_000],
  'assumed',
  'depends on the services of the image',
);

/** User data without anything recognised in it. */
export const userDataScript: Timing = timing(
  'workloads/user-data',
  [1_000, 3_000],
  'assumed',
  'depends on the script',
);

/** Package updates, Ruby, the installer and the agent, from user data. */
export const agentInstall: Timing = timing(
  'workloads/codedeploy-agent-install',
  [25_000, 45_000],
  'assumed',
  'AWS publishes no figure; dominated by the package manager',
);

/** A failed attempt to fetch the installer: connection timeouts and retries of wget. */
export const agentInstallFailure: Timing = timing(
  'workloads/codedeploy-agent-install-failure',
  120_000,
  'assumed',
  'wget and curl time out',
);

/** One call of a package manager, without the packages: metadata, dependencies. */
export const packageCall: Timing = timing(
  'workloads/package-manager',
  [3_000, 8_000],
  'assumed',
  'AWS publishes no figure; depends on the manager and on its mirrors',
);

/** Download and installation of one package, with what it needs. */
export const packageInstall: Timing = timing(
  'workloads/package-install',
  [500, 2_500],
  'assumed',
  'depends on the package',
);

/** A package manager that cannot reach its mirrors tries all of them. */
export const packageFailure: Timing = timing(
  'workloads/package-failure',
  120_000,
  'assumed',
  'timeouts and retries of yum and apt',
);

/** Bringing all packages of a fresh machine up to date. */
export const systemUpdate: Timing = timing(
  'workloads/system-update',
  [20_000, 60_000],
  'assumed',
  'depends on the age of the image',
);

/** A file that a script fetches. */
export const scriptDownload: Timing = timing(
  'workloads/script-download',
  [300, 1_500],
  'assumed',
  'depends on the file',
);

/** One of cfn-init's groups, users or files. */
export const initEntry: Timing = timing('workloads/cfn-init-entry', [20, 80], 'assumed', 'local work');

/** Fetching and unpacking one of cfn-init's sources. */
export const initSource: Timing = timing(
  'workloads/cfn-init-source',
  [500, 3_000],
  'assumed',
  'depends on the archive',
);

/** One of cfn-init's commands, without what is recognised in it. */
export const initCommand: Timing = timing(
  'workloads/cfn-init-command',
  [500, 5_000],
  'assumed',
  'depends on the command; say it in sandtable.yml',
);

/** Starting, stopping or enabling a service. */
export const serviceControl: Timing = timing(
  'workloads/service-control',
  [100, 800],
  'assumed',
  'depends on the service',
);

/** A helper script, or the AWS CLI: Python's start, credentials and one request. */
export const helperRequest: Timing = timing(
  'workloads/cfn-bootstrap-request',
  [500, 1_500],
  'assumed',
  'AWS publishes no figure',
);

/** `curl` and its like to the machine itself, without what the application takes. */
export const localRequest: Timing = timing(
  'workloads/local-request',
  [5, 20],
  'assumed',
  'the start of a process and a connection within the machine',
);

/** Until a helper script gives up an endpoint that it cannot reach. */
export const helperGivesUp: Timing = timing(
  'workloads/cfn-bootstrap-gives-up',
  300_000,
  'assumed',
  'connection timeouts, and retries with growing pauses',
);

/** From the start of the agent's service until its first poll. */
export const agentStart: Timing = timing(
  'workloads/codedeploy-agent-start',
  [2_000, 5_000],
  'assumed',
  'Ruby start-up and a certificate check',
);

/** Request to S3, before the bytes flow. */
export const downloadBegin: Timing = timing(
  'workloads/download-begin',
  [100, 400],
  'assumed',
  "time to S3's first byte",
);

/** Each MiB of a bundle: download and unpacking. */
export const downloadMegabyte: Timing = timing(
  'workloads/download-mib',
  30,
  'assumed',
  'some 60 MB/s down, and unpacking',
);

/**
 * Until the agent's S3 client gives up: 4 attempts with 15 s to open a connection each, and the pauses
 * between them.
 */
export const downloadGivesUp: Timing = timing(
  'workloads/download-gives-up',
  62_000,
  'documented',
  'http_open_timeout and retry_limit, https://docs.aws.amazon.com/sdk-for-ruby/v3/api/Aws/S3/Client.html',
);

/** Copying the files of a revision and setting permissions. */
export const install: Timing = timing(
  'workloads/install',
  [300, 900],
  'assumed',
  'a local copy of a small bundle',
);

function script(event: string, typical: readonly [number, number]): Timing {
  return timing(
    `workloads/script/${event}`,
    typical,
    'assumed',
    'depends on the script; say it in sandtable.yml',
  );
}

/** How long a hook script takes of which `sandtable.yml` says nothing. */
export const scriptOf: Readonly<Record<string, Timing>> = {
  ApplicationStop: script('ApplicationStop', [1_000, 3_000]),
  BeforeInstall: script('BeforeInstall', [2_000, 6_000]),
  AfterInstall: script('AfterInstall', [1_000, 4_000]),
  ApplicationStart: script('ApplicationStart', [1_000, 3_000]),
  ValidateService: script('ValidateService', [1_000, 2_000]),
};

/** Hook scripts around traffic: they usually wait or tell somebody. */
export const trafficScript: Timing = script('traffic', [500, 1_500]);

/** Seconds between polls of the agent: `wait_between_runs` of the agent's shipped configuration. */
export const POLL_PAUSE_MS = 1000;

/**
 * Pauses of the agent after its first, second, … failure in a row: floor(1.2675^n * 90 / 1.2675^10) seconds,
 * at most 90.
 */
export const ERROR_PAUSE_MS: readonly number[] = [10, 13, 17, 21, 27, 34, 44, 56, 71, 90].map(
  (seconds) => seconds * 1000,
);

/** How long an agent that cannot reach CodeDeploy goes on trying after there was something to fetch. */
export const RETRY_WINDOW_MS = 3_600_000;

/** From the end of user data until the container agent, itself a container, is up. */
export const ecsAgentStart: Timing = timing(
  'workloads/ecs-agent-start',
  [5_000, 15_000],
  'assumed',
  'ecs-init starts Docker and loads the agent after cloud-init is through; AWS publishes no figure',
);

export const ecsAgentRetry: Timing = timing(
  'workloads/ecs-agent-retry',
  [45_000, 75_000],
  'assumed',
  'The agent tries to register again and again with growing pauses; AWS publishes no figure',
);
