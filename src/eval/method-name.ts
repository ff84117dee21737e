/** What a point is called says how its model was made: `MIST + LOC@28` is MIST under a vector of culture at layer 28. */

/** The training of a model, and the edits it is asked under. */
export interface MethodName {
  /** `UNALIGNED`, `MIST`, `CLO`, `MIDALIGN` in this spelling; other names as they are. */
  training: string;
  /** `EN@20`, `LOC@28`, `SUR`; undefined for a model as it is. */
  steering?: string;
}

/** Kinds of edits that figures have a mark for. */
export type SteeringKind = 'none' | 'EN' | 'LOC' | 'SUR' | 'random' | 'other';

const TRAININGS = ['UNALIGNED', 'MIST', 'CLO', 'MIDALIGN'];
const STEERING = /^(en|loc|sur|random)(?![a-z])(?:-steering)?(.*)$/is;

/**
 * The parts of a name: `clo-sur`, `CLO + SUR-steering` and `CLO+sur(en@20+loc@28)` are all of CLO under SUR. A name that is an
 * edit alone is of UNALIGNED, as the paper's EN-steering is.
 */
export function methodName(name: string): MethodName {
  const text = name.trim();
  if (STEERING.test(text)) return { training: 'UNALIGNED', steering: steeringLabel(text) };
  const parts = /^(.*?)\s*[+_-]\s*((?:en|loc|sur|random)(?![a-z]).*)$/is.exec(text);
  if (!parts || parts[1] === '') return { training: trainingLabel(text) };
  return { training: trainingLabel(parts[1]!), steering: steeringLabel(parts[2]!) };
}

/** The name as it is shown: `CLO`, `CLO + SUR`. */
export function shownName({ training, steering }: MethodName): string {
  return steering === undefined ? training : `${training} + ${steering}`;
}

/** What an edit's name begins with. */
export function steeringKind(steering: string | undefined): SteeringKind {
  if (steering === undefined) return 'none';
  const found = STEERING.exec(steering)?.[1]?.toUpperCase();
  if (found === undefined) return 'other';
  return found === 'RANDOM' ? 'random' : (found as SteeringKind);
}

function trainingLabel(text: string): string {
  return TRAININGS.find((name) => name === text.trim().toUpperCase()) ?? text.trim();
}

/** `sur(en@20+loc@28)` is SUR: its layers stand in what it is made of. */
function steeringLabel(text: string): string {
  const [, kind = '', rest = ''] = STEERING.exec(text.trim()) ?? [];
  const label = kind.toLowerCase() === 'random' ? 'random' : kind.toUpperCase();
  return rest.startsWith('(') ? label : `${label}${rest.trimEnd()}`;
}
