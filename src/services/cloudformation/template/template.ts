// What a template says once it is read: plain data in CloudFormation's long forms.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html

/** A value of a template, with functions in their long form (`{ "Fn::GetAtt": ["A", "B"] }`). */
export type Value = string | number | boolean | null | readonly Value[] | Fields;

export interface Fields {
  readonly [key: string]: Value;
}

export interface Transform {
  readonly name: string;
  readonly parameters: Fields;
}

export interface Template {
  /** The whole template as data, for `GetTemplate` and for transforms. */
  readonly document: Fields;
  readonly description?: string;
  /** Transforms that are declared for the whole template and not yet applied. */
  readonly transforms: readonly Transform[];
  /** What was declared, applied or not: for `DeclaredTransforms`. */
  readonly declaredTransforms: readonly string[];
  /**
   * Whether every transform has been applied and so all of the template has been checked. The sections below are
   * only complete then.
   */
  readonly expanded: boolean;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly mappings: Readonly<Record<string, Readonly<Record<string, Fields>>>>;
  readonly conditions: Readonly<Record<string, Value>>;
  readonly rules: Readonly<Record<string, Rule>>;
  readonly resources: Readonly<Record<string, ResourceDeclaration>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
  readonly hooks: Fields;
  readonly metadata?: Value;
}

export interface ParameterDeclaration {
  readonly name: string;
  readonly type: string;
  readonly default?: string;
  readonly description?: string;
  readonly noEcho: boolean;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly constraintDescription?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minValue?: number;
  readonly maxValue?: number;
}

export interface ResourceDeclaration {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Fields;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly metadata?: Value;
  readonly creationPolicy?: Value;
  readonly updatePolicy?: Value;
  readonly deletionPolicy?: Value;
  readonly updateReplacePolicy?: Value;
  /** `Version` of a custom resource or of an extension. */
  readonly version?: string;
}

export interface OutputDeclaration {
  readonly name: string;
  readonly value: Value;
  readonly description?: string;
  /** What `Export.Name` says. */
  readonly exportName?: Value;
  readonly condition?: string;
}

export interface Rule {
  readonly name: string;
  readonly condition?: Value;
  readonly assertions: readonly { readonly assert: Value; readonly description?: string }[];
}

/** A parameter of a stack with its value. */
export interface ParameterValue {
  readonly key: string;
  readonly type: string;
  /** As it was given or by default: for an SSM type, the name of the SSM parameter. */
  readonly text: string;
  /** What the SSM parameter holds (`ResolvedValue`), for the types `AWS::SSM::Parameter::Value<…>`. */
  readonly resolved?: string;
  /** What `Ref` gives: a list for the list types. */
  readonly value: string | readonly string[];
  readonly noEcho: boolean;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Call {
  readonly name: string;
  readonly argument: Value;
}

/**
 * The function that an object is a call of, or undefined: `{ "Ref": … }`, `{ "Fn::…": … }`. `{ "Condition": … }` is one
 * too, but only where conditions are meant: in a policy document it is a word like any other.
 */
export function callOf(value: Value): Call | undefined {
  if (!isFields(value)) return undefined;
  let name: string | undefined;
  for (const key in value) {
    if (name !== undefined) return undefined;
    name = key;
  }
  if (name === undefined || (name !== 'Ref' && !/^fn::/i.test(name))) return undefined;
  return { name, argument: value[name] as Value };
}
