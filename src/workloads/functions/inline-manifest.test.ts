import { expect, it } from 'vitest';
import { packBundle } from '#workloads/bundle.ts';
import { Stand } from '../../../tests/lambda-stand.ts';
import { manifestInComments } from './inline-manifest.ts';

it('is what stands in comments after its name, at the same lines', () => {
  expect(manifestInComments('import os\n# sandtable.yml\n# function:\n#   errors: 5%\n\n# more', '#')).toBe(
    '\n\nfunction:\n  errors: 5%',
  );
  expect(manifestInComments('// sandtable.yml\n// function: {}', '//')).toBe('\nfunction: {}');
  expect(manifestInComments('// about sandtable.yml', '//')).toBeUndefined();
});

async function answerOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  const made = new Stand();
  await made.role();
  await made.active('f', '', { Code: { ZipFile: packBundle(files) } });
  return (await made.invoke('f')).payload;
}

it('counts where a package is nothing but code, and only there', async () => {
  const code = '// sandtable.yml\n// function: { answers: from comments }\nexports.handler = null;';
  expect(await answerOf({ 'index.js': code })).toBe('from comments');
  expect(await answerOf({ 'index.js': code, 'other.js': '' })).toBeNull();
  expect(await answerOf({ 'index.js': code, 'sandtable.yml': 'function: { answers: file }' })).toBe('file');
  expect(await answerOf({ 'index.js': '\n// sandtable.yml\n// function: { speed: 1 }' })).toMatchObject({
    errorMessage: expect.stringMatching(/index\.js:3: There is no member "speed"/) as string,
  });
});
