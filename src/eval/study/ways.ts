/** The ways in which Test is asked: without steering, steered, and what the report sets beside it. */
import { randomControls, wrongCountry } from '../../steering/controls.ts';
import { languagesOf } from '../../steering/rows.ts';
import type { SteeringStep } from '../../steering/vector.ts';
import type { StudyControls, StudyKind, StudyVector } from './request.ts';

/** What a way is there for. */
export type WayRole = 'none' | 'part' | 'steered' | 'dose' | 'other' | 'random';

/** A way in which Test is asked. */
export interface StudyWay {
  /** Folder of its results, below that of the study. */
  folder: string;
  /** On the plane. */
  label: string;
  role: WayRole;
  /** Times the chosen gammas. */
  dose: number;
  steps: SteeringStep[];
}

/** The vectors that act, where they were placed. */
export type ChosenSteps = Partial<Record<StudyVector, SteeringStep>>;

/**
 * All ways, the model as it is first and the steered one behind its parts. Doses 0 and 1 are those two. Random directions stand in
 * for all vectors at once; another country's vector for LOC alone.
 */
export function studyWays(
  kind: StudyKind,
  chosen: ChosenSteps,
  controls: Omit<StudyControls, 'context'>,
  seed: number,
): StudyWay[] {
  const steps = Object.values(chosen).filter((step) => step !== undefined);
  const steered: StudyWay = {
    ...{ folder: kind, label: labelOf(kind, chosen), role: 'steered', dose: 1, steps },
  };
  const parts = (['en', 'loc'] as const).flatMap((part): StudyWay[] =>
    kind === 'sur' && chosen[part]
      ? [{ folder: part, label: labelOf(part, chosen), role: 'part', dose: 1, steps: [chosen[part]] }]
      : [],
  );
  const doses = [...new Set(controls.doses)]
    .filter((dose) => dose !== 0 && dose !== 1)
    .map(
      (dose): StudyWay => ({
        ...{ folder: `controls/dose-${dose}`, label: `${steered.label} x${dose}`, role: 'dose', dose },
        steps: steps.map((step) => ({ ...step, gamma: step.gamma * dose })),
      }),
    );
  return [
    { folder: 'none', label: 'none', role: 'none', dose: 0, steps: [] },
    ...parts,
    steered,
    ...doses,
    ...(controls.wrongCountry ? otherCountry(kind, chosen, seed) : []),
    ...randomWays(steps, controls.random, seed),
  ];
}

function labelOf(kind: StudyKind, { en, loc }: ChosenSteps): string {
  if (kind === 'sur') return 'SUR';
  return kind === 'en' ? `EN@${en!.layer}` : `LOC@${loc!.layer}`;
}

/** None without LOC, or with a single country. */
function otherCountry(kind: StudyKind, chosen: ChosenSteps, seed: number): StudyWay[] {
  const { loc } = chosen;
  if (loc === undefined || languagesOf(loc.vector).length < 2) return [];
  const other = { ...loc, vector: wrongCountry(loc.vector, { seed }) };
  const steps = Object.values({ ...chosen, loc: other }).filter((step) => step !== undefined);
  const label = `${kind.toUpperCase()} of another country`;
  return [{ folder: 'controls/other-country', label, role: 'other', dose: 1, steps }];
}

function randomWays(steps: readonly SteeringStep[], count: number, seed: number): StudyWay[] {
  // Of each step's own: the two of SUR must not be one direction.
  const directions = steps.map(({ vector }, i) => randomControls(vector, { seed: seed + i, count }));
  return Array.from({ length: count }, (_, index) => ({
    folder: `controls/random-${index + 1}`,
    label: `random ${index + 1}`,
    role: 'random' as const,
    dose: 1,
    steps: steps.map((step, i) => ({ ...step, vector: directions[i]![index]! })),
  }));
}
