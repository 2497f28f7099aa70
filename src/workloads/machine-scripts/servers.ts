// Commands that plausibly start the application of a machine.

import { baseName } from '../shell/command-words.ts';

/** Services that belong to the machine and listen to nobody. */
const HOUSEKEEPING = new Set([
  'amazon-cloudwatch-agent',
  'amazon-ssm-agent',
  'atd',
  'auditd',
  'awslogs',
  'awslogsd',
  'cfn-hup',
  'chronyd',
  'codedeploy-agent',
  'cron',
  'crond',
  'fail2ban',
  'firewalld',
  'iptables',
  'network',
  'ntpd',
  'rsyslog',
  'ssh',
  'sshd',
  'xray',
]);

/** Services that applications use. */
const BEHIND = new Set([
  'containerd',
  'docker',
  'ecs',
  'mariadb',
  'memcached',
  'mongod',
  'mysql',
  'mysqld',
  'php-fpm',
  'postgresql',
  'redis',
  'redis-server',
]);

/** Tools that scripts run beside themselves without there being a server. */
const TOOLS =
  /^(?:apt|apt-get|aws|cat|cd|chmod|chown|cp|curl|date|dnf|echo|find|gzip|logger|mkdir|mv|rm|rsync|sed|sleep|sync|tail|tar|tee|touch|unzip|wait|watch|wget|yum|cfn-.*)$/;

/** Programs that start a server and return. */
const STARTERS: Readonly<Record<string, RegExp>> = {
  docker: /^(?:run|start|compose(?: \S+)* (?:up|start))\b/,
  podman: /^(?:run|start)\b/,
  nerdctl: /^run\b/,
  'docker-compose': /\b(?:up|start)\b/,
  pm2: /^(?:start|restart|startOrRestart)\b/,
  forever: /^(?:start|restart)\b/,
  supervisorctl: /^(?:start|restart)\b/,
  supervisord: /^/,
  gunicorn: /(?:^|\s)(?:-D|--daemon)\b/,
  'catalina.sh': /^start\b/,
  'startup.sh': /^$/,
};

/** Whether a service may be the application, only something that listens, or neither. */
export function roleOf(service: string): 'application' | 'server' | undefined {
  if (HOUSEKEEPING.has(service) || service.startsWith('systemd-')) return undefined;
  return BEHIND.has(service) ? 'server' : 'application';
}

/** Whether a command that is about no service starts a server. `detached`: the script goes on while it runs. */
export function startsServer(words: readonly string[], detached: boolean): boolean {
  const [path = '', ...rest] = words;
  const name = baseName(path);
  // A container that goes with its end and is waited for does a piece of work.
  const work = rest.includes('--rm') && !rest.some((word) => word === '--detach' || /^-[a-z]*d/.test(word));
  if (STARTERS[name]?.test(rest.join(' '))) return detached || !work;
  return detached && path !== '' && !TOOLS.test(name);
}
