// What functions come to before a stack exists: of literals, pseudo parameters, loop variables, mappings and parameters.

import { Fault } from '#contract/fault.ts';
import { Evaluation } from './evaluation.ts';
import type { Around, Pseudo } from './evaluation.ts';
import { LITERAL } from './literal.ts';
import { isFields } from './template.ts';
import type { Fields, ParameterValue, Template, Value } from './template.ts';

export interface ConstantsAround {
  readonly pseudo: Pseudo;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Loop variables with their items. */
export type Bindings = Readonly<Record<string, string>>;

/** Thrown through an evaluation that comes upon something that is not known yet. */
class NotYetKnown extends Error {}

export class Constants {
  private readonly template: Template;
  private readonly around: ConstantsAround;

  constructor(document: Fields, around: ConstantsAround) {
    const { Mappings: mappings, Conditions: conditions } = document;
    this.template = {
      ...LITERAL,
      mappings: (isFields(mappings) ? mappings : {}) as Template['mappings'],
      conditions: isFields(conditions) ? conditions : {},
    };
    this.around = around;
  }

  /**
   * The value in a wrapper (it may be undefined: AWS::NoValue), or undefined where it is not known yet. A parameter counts
   * as known only where `withParameters` says that its value has to be settled now.
   */
  value(
    value: Value,
    bindings: Bindings,
    withParameters: boolean,
  ): { readonly value: Value | undefined } | undefined {
    const known = withParameters ? this.around.parameters : {};
    const parameters = { ...known, ...boundParameters(bindings) };
    try {
      return { value: new Evaluation(this.template, { ...this.unknown(), parameters }).value(value) };
    } catch (error) {
      // A wrong argument is reported when the expanded template is checked, with the place that it has there.
      if (error instanceof NotYetKnown || error instanceof Fault) return undefined;
      throw error;
    }
  }

  private unknown(): Around {
    const notYet = (): never => {
      throw new NotYetKnown();
    };
    return {
      ...this.around.pseudo,
      parameters: {},
      resource: notYet,
      importValue: notYet,
      zones: notYet,
      dynamicReference: notYet,
    };
  }
}

function boundParameters(bindings: Bindings): Record<string, ParameterValue> {
  return Object.fromEntries(
    Object.entries(bindings).map(([key, text]) => [
      key,
      { key, type: 'String', text, value: text, noEcho: false },
    ]),
  );
}
