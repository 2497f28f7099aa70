// What `cdk synth` leaves in cdk.out: its stacks in the order of their dependencies, and the files that they take from S3.
// https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/cloud-assembly-schema

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import { UserError } from '#cloud/user-error.ts';
import { packRevision } from '#runtime/revision-folder.ts';
import type { StackRequest } from '#rehearsal/stacks.ts';

/** A file, or a folder that becomes a zip, and where templates expect it. */
export interface Asset {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: () => Promise<Uint8Array>;
}

interface Artifact {
  readonly type: string;
  readonly dependencies?: readonly string[];
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
    readonly file?: string;
  };
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string; readonly packaging?: string };
        readonly destinations: Readonly<Record<string, { bucketName: string; objectKey: string }>>;
      }
    >
  >;
  readonly dockerImages?: Readonly<Record<string, unknown>>;
}

/** Bootstrapping leaves its version here, which templates of the CDK look at. */
export const BOOTSTRAP_PARAMETER = '/cdk-bootstrap/hnb659fds/version';
/** The newest version when this was written: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html */
export const BOOTSTRAP_VERSION = '28';

const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'] as const;

export function assembly(folder: string): { stacks: StackRequest[]; assets: Asset[] } {
  const { artifacts = {} } = read(join(folder, 'manifest.json')) as {
    artifacts?: Readonly<Record<string, Artifact>>;
  };
  const ids = inOrder(artifacts);
  const stacks = ids.flatMap((id): StackRequest[] => {
    const { type, properties = {} } = artifacts[id] as Artifact;
    if (type !== 'aws:cloudformation:stack') return [];
    const { templateFile = '', stackName = id, parameters = {}, tags = {} } = properties;
    const templateBody = readFileSync(within(folder, templateFile), 'utf8');
    return [
      { name: stackName, templateBody, parameters, tags, capabilities: CAPABILITIES, changeSet: false },
    ];
  });
  if (stacks.length === 0) {
    throw new UserError('no-stacks', `The assembly ${folder} holds no stacks.`, {
      hint: 'Stages of a pipeline have an assembly of their own: give that folder.',
    });
  }
  const manifests = Object.values(artifacts).flatMap(({ type, properties }) =>
    type === 'cdk:asset-manifest' && properties?.file ? [within(folder, properties.file)] : [],
  );
  return { stacks, assets: manifests.flatMap((file) => assetsIn(folder, file)) };
}

/** Artifacts after everything that they depend on. */
function inOrder(artifacts: Readonly<Record<string, Artifact>>): string[] {
  const order = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (order.has(id) || path.includes(id) || !Object.hasOwn(artifacts, id)) return;
    for (const other of artifacts[id]?.dependencies ?? []) visit(other, [...path, id]);
    order.add(id);
  };
  for (const id of Object.keys(artifacts)) visit(id, []);
  return [...order];
}

function assetsIn(folder: string, file: string): Asset[] {
  const { files = {}, dockerImages = {} } = read(file) as AssetManifest;
  const [image] = Object.keys(dockerImages);
  if (image !== undefined) {
    const error = new Error(
      `The asset ${image} of ${file} is a container image, which is not modelled by Sandtable.`,
    );
    error.name = 'NotImplemented';
    throw error;
  }
  return Object.values(files).flatMap(({ source, destinations }) => {
    const path = within(folder, source.path ?? '');
    return Object.values(destinations).map(({ bucketName, objectKey }) => ({
      bucket: placed(bucketName),
      key: placed(objectKey),
      bytes: async () =>
        source.packaging === 'zip' && statSync(path).isDirectory() ? packRevision(path) : readFileSync(path),
    }));
  });
}

/**
 * A file of the assembly, or of the one that it is a part of, as a stage's is. Whoever made the assembly decides what goes into
 * the stacks, and not which other files of this computer do.
 */
function within(folder: string, file: string): string {
  const parent = dirname(resolve(folder));
  const root = realpathSync(existsSync(join(parent, 'manifest.json')) ? parent : folder);
  const path = join(folder, file);
  const place = relative(root, existsSync(path) ? realpathSync(path) : resolve(path));
  if (!isAbsolute(place) && place.split(sep)[0] !== '..') return path;
  throw new UserError('bad-assembly', `The assembly ${folder} refers to ${file}, which is not in it.`, {
    hint: 'Make it anew with: cdk synth',
  });
}

function placed(text: string): string {
  return text
    .replaceAll('${AWS::AccountId}', DEFAULT_ACCOUNT)
    .replaceAll('${AWS::Region}', DEFAULT_REGION)
    .replaceAll('${AWS::Partition}', 'aws');
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError('bad-assembly', `${file} cannot be read: ${(error as Error).message}.`, {
      hint: 'Make it anew with: cdk synth',
    });
  }
}
