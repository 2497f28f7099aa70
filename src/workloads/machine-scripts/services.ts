// Services and package managers by the names that scripts use.

import { baseName } from '../shell/command-words.ts';
import type { Verb } from './actions.ts';

/** Web servers whose service listens on port 80 as it comes out of its package. Nothing else is recognised. */
const WEB_SERVERS = new Set(['apache2', 'caddy', 'httpd', 'lighttpd', 'nginx']);
export const WEB_PORT = 80;

export function isWebServer(name: string): boolean {
  return WEB_SERVERS.has(name);
}

export interface ServiceCommand {
  readonly names: readonly string[];
  readonly verbs: readonly Verb[];
}

const VERBS: Readonly<Record<string, readonly Verb[]>> = {
  start: ['start'],
  restart: ['restart'],
  reload: [],
  'reload-or-restart': ['restart'],
  'try-restart': ['restart'],
  stop: ['stop'],
  enable: ['enable'],
  on: ['enable'],
  defaults: ['enable'],
  disable: ['disable'],
  off: ['disable'],
  graceful: [],
};

/** What a command does to services; nothing where it is about none. */
export function serviceCommand(words: readonly string[]): ServiceCommand | undefined {
  const [path = '', ...rest] = words;
  const name = baseName(path);
  const plain = rest.filter((word) => !word.startsWith('-'));
  const [first = '', second = ''] = plain;
  if (name === 'systemctl') {
    const now: readonly Verb[] = !rest.includes('--now') ? [] : first === 'disable' ? ['stop'] : ['start'];
    return told(plain.slice(1), first, now);
  }
  if (name === 'service' || name === 'chkconfig' || name === 'update-rc.d') return told([first], second);
  if (path.startsWith('/etc/init.d/')) return told([name], first);
  if (name === 'apachectl' || name === 'apache2ctl')
    return told([name === 'apachectl' ? 'httpd' : 'apache2'], first);
  if (isWebServer(name) && (plain.length === 0 || first === 'start' || first === 'run'))
    return told([name], 'start');
  return name === 'cfn-hup' ? told([name], 'start') : undefined;
}

function told(
  names: readonly string[],
  verb: string,
  more: readonly Verb[] = [],
): ServiceCommand | undefined {
  const verbs = VERBS[verb];
  if (!verbs) return undefined;
  return { names: names.map((name) => name.replace(/\.service$/, '')), verbs: [...verbs, ...more] };
}

/** Where package managers get their packages. Amazon Linux's repositories lie in S3. */
const SOURCES: Readonly<Record<string, string>> = {
  'amazon-linux-extras': 's3',
  dnf: 's3',
  yum: 's3',
  apt: 'archive.ubuntu.com',
  'apt-get': 'archive.ubuntu.com',
  gem: 'rubygems.org',
  npm: 'registry.npmjs.org',
  pip: 'pypi.org',
  pip3: 'pypi.org',
  python: 'pypi.org',
  rubygems: 'rubygems.org',
  zypper: 'updates.suse.com',
};

/** The host that a package manager needs. https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html */
export function packageHost(manager: string, region: string): string | undefined {
  const host = SOURCES[manager];
  return host === 's3' ? `al2023-repos-${region}.s3.dualstack.${region}.amazonaws.com` : host;
}

export interface PackageCommand {
  readonly manager: string;
  /** Nothing: the whole system is brought up to date. */
  readonly names?: readonly string[];
}

const INSTALLS = new Set([
  'install',
  'i',
  'in',
  'ci',
  'localinstall',
  'reinstall',
  'groupinstall',
  'upgrade',
]);

export function packageCommand(words: readonly string[]): PackageCommand | undefined {
  const [path = '', ...rest] = words;
  const manager = baseName(path);
  const plain = rest.filter((word) => !word.startsWith('-'));
  if (manager === 'rpm' || manager === 'dpkg')
    return plain.length === 0 ? undefined : { manager, names: plain };
  if (manager === 'python3' && rest[0] === '-m' && rest[1] === 'pip') return packageCommand(rest.slice(1));
  if (!Object.hasOwn(SOURCES, manager)) return undefined;
  const [verb = '', ...names] = plain;
  const updates = verb === 'update' || verb === 'upgrade' || verb === 'dist-upgrade';
  // `apt-get update` only reads what there is.
  const reads = startsBeyondInstall(manager) && verb === 'update';
  if (updates && names.length === 0 && !reads) return { manager };
  return updates || INSTALLS.has(verb) ? { manager, names } : undefined;
}

/** Debian's packages start their services: https://www.debian.org/doc/debian-policy/ch-opersys.html#starting-system-services */
export function startsBeyondInstall(manager: string): boolean {
  return manager === 'apt' || manager === 'apt-get';
}
