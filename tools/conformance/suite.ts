// What a suite of other people's tests is: how to run the part that is about one service, from a checkout of theirs.

/** As the environment of AWS's tools. */
export interface Credentials {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
}

/** The endpoint that a suite is run against, and where its reports go. */
export interface Ground {
  /** The suite's checkout. */
  readonly checkout: string;
  /** Such as `http://localhost:5000`. */
  readonly url: string;
  readonly credentials: Credentials;
  /** A folder for this run alone. */
  readonly reports: string;
}

/** One program to run. It writes JUnit XML to `report`. */
export interface Run {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly report: string;
}

export interface Suite {
  readonly name: string;
  /** What it is and where it comes from. */
  readonly title: string;
  /** What else a reader of its figures must know. */
  readonly note?: string;
  /** The account that its tests expect. */
  readonly account: string;
  /** Whose keys it is given: an administrator's, or, where it resets the endpoint between its tests, the account's root. */
  readonly caller: 'administrator' | 'root';
  /** Roles that it names but never makes. */
  readonly roles?: readonly string[];
  /** How the code of Lambda functions is to run for it. */
  readonly functions: 'modelled' | 'process';
  /** By our services' ids: the parts of the suite that are about each, as the suite names them. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
  readonly run: (ground: Ground, service: string, parts: readonly string[]) => Run;
}

export type Ending = 'passed' | 'failed' | 'skipped';

export interface Case {
  /** As the suite names it, with its file. */
  readonly name: string;
  readonly ending: Ending;
  /** Why it failed or was skipped, with all that the suite printed of it. */
  readonly why: string;
  /** It did not run quite as it stands: something that AWS would refuse in its set-up was put right. */
  readonly putRight: boolean;
}

/** pytest, writing its report, and giving no test more than a minute: some poll for ever for what does not come. */
export function pytest(report: string, ...rest: string[]): readonly [string, ...string[]] {
  const quiet = ['-q', '-p', 'no:cacheprovider', '-p', 'pytest_timeout', '--timeout=60'];
  return ['python3', '-m', 'pytest', ...quiet, `--junit-xml=${report}`, ...rest];
}
