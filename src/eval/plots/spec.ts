/** Types of specs that figures are put together from. */
import type { TopLevelSpec } from 'vega-lite';

/** A figure of one or several layers on the same axes, whole. */
export type LayeredSpec = Extract<TopLevelSpec, { layer: unknown }>;
export type LayerOf = LayeredSpec['layer'][number];
/** One mark with its encodings. */
export type UnitLayer = Extract<LayerOf, { mark: unknown }>;

/** Least and greatest of the finite values with a share of their distance on both sides; a single value gets 1. */
export function paddedDomain(values: readonly number[], share = 0.08): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [-1, 1];
  const room = low === high ? 1 : share * (high - low);
  return [low - room, high + room];
}

/** To four digits: more are below a pixel, and make files large. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** How a text is set, without what it is drawn in. */
export interface TextMark {
  fontSize: number;
  color: string;
  align?: 'left' | 'center' | 'right';
  baseline?: 'top' | 'middle' | 'bottom';
  dx?: number;
  dy?: number;
}

/** A text with a white edge below its letters, which keeps lines from running through them. */
export function haloed({ color, ...mark }: TextMark, of: Pick<UnitLayer, 'data' | 'encoding'>): UnitLayer[] {
  const edge = { color: 'white', stroke: 'white', strokeWidth: 3, strokeJoin: 'round' as const };
  return [
    { ...of, mark: { type: 'text', ...mark, ...edge } },
    { ...of, mark: { type: 'text', ...mark, color } },
  ];
}
