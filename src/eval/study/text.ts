/** A study as tables of text. */

import type { PairedEstimate } from '../paired.ts';
import { table } from '../table.ts';
import type { StudyFigures } from './figures.ts';
import type { StudyWay } from './ways.ts';

/** What accuracy hides: the log-probability of the right option among the options; of all random directions the widest. */
export function choiceText(ways: readonly StudyWay[], { choice, plane }: StudyFigures): string {
  const rows = ways.flatMap(({ label, role }) => {
    const own = choice.get(label);
    if (role === 'none' || own === undefined) return [];
    return [[label, ...change(own.universal.mean), ...change(own.cultural.mean)]];
  });
  const head = ['', plane.universal, '95 %', plane.cultural, '95 %'];
  return [
    'Change of the log-probability of the right option among the options, nats.',
    '',
    ...table([head, ...rows]),
  ].join('\n');
}

function change({ delta, ci95 }: PairedEstimate): [string, string] {
  const star = ci95 === undefined ? ' ' : ci95[0] > 0 || ci95[1] < 0 ? '*' : ' ';
  return [`${signed(delta)}${star}`, ci95 ? `${signed(ci95[0])} .. ${signed(ci95[1])}` : '-'];
}

/** `+0.250`, and `0.000` without a sign. */
function signed(value: number): string {
  const text = Math.abs(value).toFixed(3);
  return Number(text) === 0 ? text : `${value < 0 ? '-' : '+'}${text}`;
}
