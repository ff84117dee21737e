/** `FILE@LAYER*GAMMA`: a vector where it is added, as it is typed. */
import { UserError } from '../errors.ts';

/** What was typed, not yet read. */
export interface TypedStep {
  file: string;
  /** 0-based block. */
  layer: number;
  gamma: number;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FORM = 'FILE@LAYER*GAMMA, such as en@12*2 (without *GAMMA it is 1)';

/**
 * Reads a step. The file's name may hold an @ of its own: the last one counts.
 *
 * @param option what it was typed for, for errors
 * @throws UserError with the nearest thing that would have been right
 */
export function parseStep(text: string, option = '--steer'): TypedStep {
  const at = text.lastIndexOf('@');
  const [file, place] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  const [layer, gamma, more] = place.split('*');
  const isWhole = at > 0 && more === undefined && /^\d{1,9}$/.test(layer!);
  if (isWhole && (gamma === undefined || NUMBER.test(gamma)) && !/\*[\d.+-]+$/.test(file))
    return { file, layer: Number(layer), gamma: gamma === undefined ? 1 : Number(gamma) };
  const hint = nearestStep(text);
  throw new UserError({
    message: `${option} ${text} must be ${FORM}; ${whatIsWrong(at, file, layer!, gamma, more)}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

function whatIsWrong(
  at: number,
  file: string,
  layer: string,
  gamma: string | undefined,
  more: string | undefined,
): string {
  if (at < 0) return 'it names no layer';
  if (file === '') return 'it names no file';
  if (more !== undefined) return 'it has more than one gamma';
  if (/^-\d+$/.test(layer)) return `layers are counted from 0, found ${layer}`;
  if (!/^\d{1,9}$/.test(layer)) return `the layer must be a whole number, found ${JSON.stringify(layer)}`;
  if (gamma !== undefined && !NUMBER.test(gamma))
    return `gamma must be a number, found ${JSON.stringify(gamma)}`;
  return 'gamma stands behind the layer';
}

/** Slips of the hand: another sign, a comma for a point, layer and gamma in the other order, blanks. */
function nearestStep(text: string): string | undefined {
  const tidy = text.replace(/\s/g, '').replace(/(\d),(\d+)$/, '$1.$2');
  const turned = /^(.+)\*([+-]?[\d.]+)@(\d+)$/.exec(tidy);
  if (turned) return `${turned[1]}@${turned[3]}*${turned[2]}`;
  const found = /^(.+?)[@:#=](?:layer|l)?(\d+)(?:[*x×:@]([+-]?[\d.]+))?$/i.exec(tidy);
  if (!found) return undefined;
  const [, file, layer, gamma] = found;
  const right = `${file}@${layer}${gamma === undefined ? '' : `*${gamma}`}`;
  return right === text ? undefined : right;
}
