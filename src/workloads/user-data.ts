// What user data does to a machine. No driver runs its script; what happens of it is what is recognised: here the CodeDeploy
// agent's installation and an application that the script declares in a comment, in ./machine-scripts/ single commands.

import { startScript } from './machine-scripts/cloud-init.ts';
import type { StartScript } from './machine-scripts/cloud-init.ts';
import { DEFAULT_MANIFEST, ManifestError, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

export interface UserData {
  readonly script: StartScript;
  /**
   * How the CodeDeploy agent gets onto the machine: with AWS's installer from this bucket, or as a package.
   */
  readonly codedeployAgent?: { readonly host: string };
  /** What the script starts. */
  readonly manifest?: Manifest;
  /** What is wrong with the declaration in it. */
  readonly problem?: string;
}

/**
 * AWS's installer, by any of the ways in which its documentation fetches it.
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/codedeploy-agent-operations-install-linux.html
 */
const INSTALLER_URL =
  /https?:\/\/(aws-codedeploy-([a-z0-9-]+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)\/latest\/(?:install|codedeploy-agent)/;
const INSTALLER_COPY = /\baws\s+s3\s+cp\s+s3:\/\/aws-codedeploy-([a-z0-9-]+)\/latest\/install\b/;
const INSTALLER_RUN = /\binstall\s+(?:-\S+\s+)*auto\b/;
const PACKAGE = /\b(?:yum|dnf|apt|apt-get)\b[^\n]*\binstall\b[^\n]*\bcodedeploy-agent\b/;

const MANIFEST_HEAD = /^#\s*sandtable\.yml:\s*$/;

/** Reads user data, as it is or in base64. */
export function readUserData(text: string, region: string): UserData {
  const script = plain(text);
  const host = agentHost(withoutComments(script), region);
  return {
    script: startScript(script),
    ...(host === undefined ? {} : { codedeployAgent: { host } }),
    ...declaration(script),
  };
}

function declaration(script: string): Pick<UserData, 'manifest' | 'problem'> {
  try {
    const manifest = declared(script);
    return manifest === undefined ? {} : { manifest };
  } catch (error) {
    if (error instanceof ManifestError) return { problem: error.text };
    throw error;
  }
}

function agentHost(script: string, region: string): string | undefined {
  const url = INSTALLER_URL.exec(script);
  if (url && (INSTALLER_RUN.test(script) || PACKAGE.test(script))) return url[1];
  const copy = INSTALLER_COPY.exec(script);
  if (copy && INSTALLER_RUN.test(script)) return `aws-codedeploy-${copy[1]}.s3.${copy[1]}.amazonaws.com`;
  return PACKAGE.test(script) ? `aws-codedeploy-${region}.s3.${region}.amazonaws.com` : undefined;
}

/** A manifest in comment lines under `# sandtable.yml:`, indented by at least two blanks. */
function declared(script: string): Manifest | undefined {
  const lines = script.split(/\r?\n/);
  const head = lines.findIndex((line) => MANIFEST_HEAD.test(line));
  if (head < 0) return undefined;
  const body: string[] = [];
  for (const line of lines.slice(head + 1)) {
    if (!/^#( {2,}\S|\s*$)/.test(line)) break;
    body.push(line.slice(1));
  }
  return body.length === 0 ? DEFAULT_MANIFEST : parseManifest(body.join('\n'), 'user data', head + 2);
}

function withoutComments(script: string): string {
  return script.replace(/^\s*#(?!!).*$/gm, '');
}

/** EC2 keeps user data in base64; a script begins with `#!`, `#cloud-config` or a MIME header. */
function plain(text: string): string {
  const packed = text.replace(/\s+/g, '');
  if (packed.length === 0 || packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return text;
  return new TextDecoder().decode(Uint8Array.from(atob(packed), (char) => char.charCodeAt(0)));
}
