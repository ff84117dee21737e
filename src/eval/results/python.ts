/** Texts as Python would write them: lm-eval's files hold some, and its hashes are made of them. */

/** A number that Python knows as a float, and writes with a point even where it is whole: `make_table` asks for the type. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** `repr` of a float: the shortest digits that mean it, an exponent of two digits at least from 1e16 on and below 1e-4. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [digits, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -4) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  // JavaScript writes an exponent only below 1e-6 and from 1e21 on; 0.0001 is the smallest number to come here.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** `str` of a bool. */
export function pythonBool(value: boolean): string {
  return value ? 'True' : 'False';
}

/**
 * `json.dumps(value, indent=indent, ensure_ascii=False)`, with Python's separators where there is no indent. Whole numbers
 * are ints unless they are a `Float`: JSON that was read does not tell 1 from 1.0, so a row that holds the latter hashes
 * otherwise in Python. Keys stay in their order, but JavaScript puts keys such as "1" first when it reads an object.
 */
export function pythonJson(value: unknown, indent?: number, depth = 0): string {
  if (value instanceof Float) return pythonNumber(value.value, true);
  if (typeof value === 'number') return pythonNumber(value, !Number.isSafeInteger(value));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const [open, close, parts] = Array.isArray(value)
    ? ['[', ']', value.map((part: unknown) => pythonJson(part, indent, depth + 1))]
    : ['{', '}', membersOf(value, indent, depth)];
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + parts.join(', ') + close;
  const line = (level: number) => `\n${' '.repeat(indent * level)}`;
  return open + line(depth + 1) + parts.join(`,${line(depth + 1)}`) + line(depth) + close;
}

function membersOf(value: object, indent: number | undefined, depth: number): string[] {
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => `${JSON.stringify(key)}: ${pythonJson(part, indent, depth + 1)}`);
}

function pythonNumber(value: number, float: boolean): string {
  // What Python writes here is no JSON, and nothing else would read it.
  if (!Number.isFinite(value)) return 'null';
  return float ? pythonFloat(value) : String(value === 0 ? 0 : value);
}
