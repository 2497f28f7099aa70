// What the label `sandtable.yml` of a container says of it, for containers in which nothing runs. Everything is optional. The
// format is documented in docs/manifest.md.

import { APPLICATION_MEMBERS, applicationOf, DEFAULT_APPLICATION, MANIFEST_PATH } from '../manifest.ts';
import type { ManifestApplication } from '../manifest.ts';
import { Reader } from '../manifest-reader.ts';

export interface ContainerManifest {
  readonly version: string;
  /** Servers in it. */
  readonly applications: readonly ManifestApplication[];
  /** It ends by itself, so long after its start. */
  readonly exits?: { readonly afterMs: number; readonly code: number };
  /** Lines. */
  readonly log: readonly string[];
}

interface Container {
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly containerPort: number }[];
}

/** Containers answer health checks on every path. */
const CONTAINED: ManifestApplication = {
  ...DEFAULT_APPLICATION,
  service: false,
  health: { path: '/', status: 200 },
};

/**
 * A container without the label runs a server on each port that leads into it, with the defaults, and goes on until it is
 * stopped. Throws `ManifestError` with file, line and remedy.
 */
export function containerManifest({ image, labels, ports }: Container): ContainerManifest {
  const [first = DEFAULT_APPLICATION.port] = ports.map(({ containerPort }) => containerPort);
  const usual = ports.map(({ containerPort }) => ({ ...CONTAINED, port: containerPort }));
  const version = versionOf(image);
  const reader = new Reader(labels[MANIFEST_PATH] ?? '', `label ${MANIFEST_PATH}`, 1);
  const top = reader.map(reader.top, ['version', 'application', 'exits', 'log']);
  if (!top) return { version, applications: usual, log: [] };
  const told = top.map('exits', ['after', 'code']);
  const exits = told && { afterMs: told.milliseconds('after') ?? 0, code: told.integer('code', 0, 255) ?? 0 };
  const application = top.says('application', 'none')
    ? undefined
    : top.map('application', APPLICATION_MEMBERS);
  const none = top.says('application', 'none');
  const log = top.json('log') ?? [];
  if (!Array.isArray(log) || log.some((line) => typeof line !== 'string'))
    throw top.fail('log is no list of texts', 'write `log: [one line]`');
  return {
    version: top.text('version') ?? version,
    applications: none
      ? []
      : application
        ? [{ ...applicationOf(application, { ...CONTAINED, port: first }), service: false }]
        : usual,
    ...(exits ? { exits } : {}),
    log: log as readonly string[],
  };
}

/** The image's tag; its name where it has none. */
function versionOf(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  const [repository = '', tag] = (name.split('@')[0] ?? '').split(':');
  return tag === undefined || tag === 'latest' ? repository : tag;
}
