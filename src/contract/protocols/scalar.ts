// Scalars as text, as query strings, XML and HTTP headers carry them. A value that cannot be read gives
// undefined, and each protocol complains in its own words.
import type { Member } from '../contract.ts';
import { base64, fromBase64 } from './bytes.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';
import { unexpected } from './value.ts';

const integerText = /^[+-]?\d{1,19}$/u;
const doubleText =
  /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?$|^(?:NaN|-?Infinity)$/u;

export function readScalar(member: Member, text: string, timestampFormat: string): unknown {
  switch (member.shape.kind) {
    case 'string':
      return text;
    case 'boolean':
      if (text === 'true' || text === 'True' || text === 'TRUE') return true;
      return text === 'false' || text === 'False' || text === 'FALSE' ? false : undefined;
    case 'integer': {
      const value = integerText.test(text) ? Number(text) : Number.NaN;
      return value >= -2_147_483_648 && value <= 2_147_483_647 ? value : undefined;
    }
    case 'long': {
      const value = integerText.test(text) ? Number(text) : Number.NaN;
      return Math.abs(value) <= 9_223_372_036_854_775_808 ? value : undefined;
    }
    case 'double':
      return doubleText.test(text) ? Number(text) : undefined;
    case 'timestamp':
      return parseTimestamp(text, member.timestampFormat ?? timestampFormat);
    case 'blob':
      return fromBase64(text);
    default:
      return undefined;
  }
}

export function writeScalar(member: Member, value: unknown, timestampFormat: string): string {
  switch (member.shape.kind) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value ? 'true' : 'false';
      break;
    case 'integer':
    case 'long':
    case 'double':
      if (typeof value === 'number') return String(value);
      break;
    case 'timestamp':
      if (typeof value === 'number') return formatTimestamp(value, member.timestampFormat ?? timestampFormat);
      break;
    case 'blob':
      if (value instanceof Uint8Array) return base64(value);
      break;
    default:
  }
  throw unexpected(member.name, value);
}
