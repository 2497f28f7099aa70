// Transforms: AWS::Include and AWS::LanguageExtensions here, all others by whoever has them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-section-structure.html

import { Constants } from './constants.ts';
import type { ConstantsAround } from './constants.ts';
import { formatError, invalid } from './faults.ts';
import { extendLanguage } from './language-extensions.ts';
import { LANGUAGE_EXTENSIONS, parseTemplate, readTransform, templateOf } from './read.ts';
import { isFields } from './template.ts';
import type { Fields, Template, Transform, Value } from './template.ts';

const INCLUDE = 'AWS::Include';

export interface TransformAround extends ConstantsAround {
  /** The text at a location such as `s3://bucket/key`. */
  fetch(location: string): string;
  /**
   * Every other transform. `fragment` is the whole template, or the members next to `Fn::Transform`; the answer takes
   * its place.
   */
  macro(name: string, parameters: Fields, fragment: Value, isWhole: boolean): Value;
}

/** The template as CloudFormation carries it out: transforms applied, the result checked. */
export function expandTransforms(template: Template, around: TransformAround): Template {
  if (template.expanded) return template;
  const work = new Expansion(template.document, around);
  let document = work.embedded(template.document) as Fields;
  for (const transform of template.transforms) document = work.whole(transform, document);
  const { Transform: _, ...rest } = document;
  return templateOf(collapsed(rest, template), template.declaredTransforms);
}

/** A file that includes itself would never end. */
const MOST_INCLUDES = 100;

class Expansion {
  private readonly around: TransformAround;
  private readonly constants: Constants;
  private includes = 0;

  constructor(document: Fields, around: TransformAround) {
    this.around = around;
    this.constants = new Constants(document, around);
  }

  /** Applies every `Fn::Transform` within a value, the innermost first. */
  embedded(value: Value): Value {
    if (Array.isArray(value)) return (value as readonly Value[]).map((item) => this.embedded(item));
    if (!isFields(value)) return value;
    const members: Fields = Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        name === 'Transform' ? member : this.embedded(member),
      ]),
    );
    const { 'Fn::Transform': declared, ...siblings } = members;
    if (declared === undefined) return members;
    let result: Value = siblings;
    for (const transform of [declared].flat() as readonly Value[])
      result = this.fragment(readTransform(transform), result);
    return result;
  }

  whole({ name, parameters }: Transform, document: Fields): Fields {
    if (name === LANGUAGE_EXTENSIONS) return extendLanguage(document, this.around);
    if (name === INCLUDE) return merged(document, this.included(parameters));
    const result = this.around.macro(name, this.known(parameters), document, true);
    if (!isFields(result)) throw formatError('unsupported structure.');
    return result;
  }

  private fragment({ name, parameters }: Transform, siblings: Value): Value {
    if (name === LANGUAGE_EXTENSIONS)
      throw invalid(`Transform ${name} failed with: it may only be declared for a whole template`);
    if (name !== INCLUDE) return this.around.macro(name, this.known(parameters), siblings, false);
    const included = this.embedded(this.included(parameters));
    const own = isFields(siblings) ? siblings : {};
    if (isFields(included)) return { ...own, ...included };
    return Object.keys(own).length === 0 ? included : own;
  }

  private included(parameters: Fields): Value {
    const { Location: location } = this.known(parameters);
    if (typeof location !== 'string')
      throw invalid(`Transform ${INCLUDE} failed with: The location parameter is missing or is not a string`);
    this.includes += 1;
    if (this.includes > MOST_INCLUDES)
      throw invalid(`Transform ${INCLUDE} failed with: more than ${MOST_INCLUDES} files are included`);
    return parseTemplate(this.around.fetch(location));
  }

  /** Parameters of a transform may refer to those of the template. */
  private known(parameters: Fields): Fields {
    return Object.fromEntries(
      Object.entries(parameters).flatMap(([name, value]) => {
        const constant = this.constants.value(value, {}, true);
        if (constant === undefined) return [[name, value]];
        return constant.value === undefined ? [] : [[name, constant.value]];
      }),
    );
  }
}

/** Sections that both have are joined. */
function merged(document: Fields, included: Value): Fields {
  if (!isFields(included))
    throw invalid(
      `Transform ${INCLUDE} failed with: The specified S3 object's content should be valid Yaml/JSON`,
    );
  const sections = Object.entries(included).map(([name, section]) => {
    const own = document[name];
    return [name, isFields(own) && isFields(section) ? { ...own, ...section } : section] as const;
  });
  return { ...document, ...Object.fromEntries(sections) };
}

/** The language extensions write a list of one name as the name. */
function collapsed(document: Fields, template: Template): Fields {
  const { Resources: resources } = document;
  if (!template.declaredTransforms.includes(LANGUAGE_EXTENSIONS) || !isFields(resources)) return document;
  const entries = Object.entries(resources).map(([id, resource]) => {
    const needed = isFields(resource) ? resource['DependsOn'] : undefined;
    const isSingle = Array.isArray(needed) && needed.length === 1 && typeof needed[0] === 'string';
    return [id, isSingle ? { ...(resource as Fields), DependsOn: needed[0] as string } : resource] as const;
  });
  return { ...document, Resources: Object.fromEntries(entries) };
}
