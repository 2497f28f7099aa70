import { describe, expect, it } from 'vitest';
import { parseAppSpec } from './appspec.ts';

const HEAD = 'version: 0.0\nos: linux\n';
const problem = (text: string): string => {
  try {
    parseAppSpec(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

// Messages: https://github.com/aws/aws-codedeploy-agent, application_specification.rb
describe('an AppSpec file', () => {
  it('lists files, permissions and hooks with their defaults', () => {
    const spec = parseAppSpec(`${HEAD}files:
  - source: /
    destination: /srv/web
permissions:
  - object: /srv/web
    mode: 755
    owner: web
hooks:
  ApplicationStart:
    - location: scripts/start.sh
      timeout: 60
      runas: root
    - location: scripts/warm.sh
  ApplicationStop:
file_exists_behavior: RETAIN
`);
    expect(spec.files).toEqual([{ source: '/', destination: '/srv/web' }]);
    expect(spec.permissions[0]).toMatchObject({
      object: '/srv/web',
      pattern: '**',
      mode: '755',
      owner: 'web',
      type: ['file', 'directory'],
    });
    expect(spec.hooks).toEqual({
      ApplicationStart: [
        { location: 'scripts/start.sh', timeoutSeconds: 60, runAs: 'root' },
        { location: 'scripts/warm.sh', timeoutSeconds: 3600 },
      ],
    });
    expect(spec.fileExistsBehavior).toBe('RETAIN');
  });

  it('must be of version 0.0, unquoted', () => {
    const message = (version: string): string =>
      `The deployment failed because an invalid version value (${version}) was entered in the application specification file. Make sure your AppSpec file specifies "0.0" as the version, and then try again.`;
    expect(problem('version: 1.0\nos: linux')).toBe(message('1.0'));
    expect(problem('version: "0.0"\nos: linux')).toBe(message('0.0'));
    expect(problem('os: linux')).toBe(message(''));
  });

  it('must not be empty', () => {
    expect(problem('')).toBe(
      "The deployment failed because the application specification file was empty. Make sure your AppSpec file defines at minimum the 'version' and 'os' properties.",
    );
  });

  it('must be for Linux, on instances that run Linux', () => {
    expect(problem('version: 0.0\nos: windows')).toContain('unsupported operating system (windows)');
  });

  it('needs a location for each script, and a timeout above zero', () => {
    expect(problem(`${HEAD}hooks:\n  BeforeInstall:\n    - timeout: 5`)).toContain(
      'specifies a script with no location value',
    );
    expect(problem(`${HEAD}hooks:\n  BeforeInstall:\n    - location: a\n      timeout: soon`)).toContain(
      'an invalid timeout value',
    );
  });

  it('needs both ends of a copy', () => {
    expect(problem(`${HEAD}files:\n  - source: a`)).toContain('specifies only a source file (a)');
    expect(problem(`${HEAD}files:\n  - destination: /a`)).toContain('a destination file, but no source file');
  });

  it('reads modes as YAML 1.1 does, so that an unquoted 0755 is octal and fails', () => {
    const withMode = (mode: string): string => `${HEAD}permissions:\n  - object: /a\n    mode: ${mode}`;
    expect(parseAppSpec(withMode('"0755"')).permissions[0]?.mode).toBe('0755');
    expect(problem(withMode('0755'))).toContain(
      'the permissions mode (493) in the application specification file contains an invalid character (9)',
    );
    expect(problem(withMode('"07555"'))).toContain('the length of a permissions mode (07555)');
  });

  it('knows three behaviours for files that exist', () => {
    expect(problem(`${HEAD}file_exists_behavior: KEEP`)).toContain(
      'invalid file_exists_behavior value (KEEP)',
    );
  });

  it('fails with the place where it is no YAML', () => {
    expect(problem('version: 0.0\nos: [linux')).toMatch(/^\(<unknown>\): .* at line \d+ column \d+$/);
  });
});
