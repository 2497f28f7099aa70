// Translates SAM templates with AWS's own aws-sam-translator, where this computer's python3 has it.
// https://github.com/aws/serverless-application-model

import { spawn } from 'node:child_process';
import type { Performer, Performers } from '#world/index.ts';

interface Translation {
  readonly region: string;
  readonly template: unknown;
  readonly parameters: Readonly<Record<string, string>>;
}

type Applied =
  | { readonly ok: true; readonly fragment: unknown }
  | { readonly ok: false; readonly message: string; readonly notModelled?: boolean };

/** Reads `{ template, parameters }` and writes `{ ok, … }`. Managed policies are named as AWS names them. */
const PROGRAM = `
import json, sys
try:
    from samtranslator.translator.transform import transform
    from samtranslator.model.exceptions import InvalidDocumentException
except ImportError as e:
    print(json.dumps({'missing': str(e)})); sys.exit(0)
class Policies:
    def load(self):
        return {}
asked = json.load(sys.stdin)
try:
    result = transform(asked['template'], asked['parameters'], Policies())
    print(json.dumps({'ok': True, 'fragment': result}))
except InvalidDocumentException as e:
    print(json.dumps({'ok': False, 'message': e.message + ' ' + ' '.join(c.message for c in e.causes)}))
`;

const MISSING =
  'Sandtable applies the transform AWS::Serverless-2016-10-31 with aws-sam-translator, which python3 on this computer lacks: ' +
  'install it with `pip install aws-sam-translator`.';

/** Bytes that a translated template may have. */
const LARGEST = 16 * 1024 * 1024;
/** How long a translation may take (wall ms); most take a second. */
const LONGEST_MS = 60_000;

/** By the name of CloudFormation's effect: this floor knows no service. */
export const translators: Performers = { 'cloudformation/sam-translation': translate as Performer };

async function translate(translation: Translation, { signal }: { signal: AbortSignal }): Promise<Applied> {
  const { region, template, parameters } = translation;
  const said = await run(JSON.stringify({ template, parameters }), region, signal);
  if (said === undefined) return { ok: false, message: MISSING, notModelled: true };
  let answer: { missing?: string } & Partial<Applied>;
  try {
    answer = JSON.parse(said) as typeof answer;
  } catch {
    return { ok: false, message: 'the translator ended without an answer' };
  }
  return answer.missing === undefined
    ? (answer as Applied)
    : { ok: false, message: MISSING, notModelled: true };
}

/** What the program writes; nothing where there is no python3. */
function run(input: string, region: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { PATH = '' } = process.env;
    // The translator asks boto3 for the Region, and boto3 would look into the files of whoever runs it.
    const environment = {
      PATH,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const child = spawn('python3', ['-I', '-c', PROGRAM], {
      env: environment,
      signal,
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let output = '';
    child.on('error', () => resolve(undefined));
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      output += text;
      if (output.length > LARGEST) child.kill('SIGKILL');
    });
    child.on('close', () => resolve(output));
    child.stdin.end(input);
  });
}
