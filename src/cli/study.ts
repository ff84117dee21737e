/** What `isogloss eval --steering` does: its stages told as they go, its figures printed and drawn. */
import { basename, join } from 'node:path';
import { defaultOut } from '../eval/default-out.ts';
import { studyOf } from '../eval/from-recipe.ts';
import { planeFigure } from '../eval/plane-figures.ts';
import { writeFigure } from '../eval/plots/index.ts';
import { drawnPlane } from '../eval/study/figures.ts';
import { runStudy } from '../eval/study/study.ts';
import { sweepFigure } from '../eval/study/sweep-figure.ts';
import { choiceText } from '../eval/study/text.ts';
import type { EvalRecipe } from '../recipe/index.ts';
import { watchSignals } from '../runs/index.ts';
import { planeText } from './plane.ts';
import { createProgress, fromHere } from './progress.ts';

/** Letters of a model's name beside its points; the title has all of it. */
const LONGEST_LABEL = 16;

/** Steers and reports. @throws UserError; Interrupted after a signal, when what is done is kept */
export async function steerAndReport(recipe: EvalRecipe): Promise<void> {
  const request = studyOf(recipe, defaultOut(recipe, recipe.steering.kind));
  const cwd = process.cwd();
  const progress = createProgress({ memory: () => 0 });
  const signals = watchSignals((name) => progress.message(`${name}: stopping; what is done is kept`));
  const warn = (text: string) => progress.message(text, 'warning');
  try {
    const { path, dir, ways, languages, choices, figures } = await runStudy(request, {
      ...{ cwd, progress, stop: signals },
      onStage: (text) => {
        progress.clear();
        progress.message(text);
      },
      onCount: (at) => progress.counted(at),
    });
    progress.clear();
    const picture = join(dir, 'plane.svg');
    const name = basename(request.model).replace(/\.gguf$/i, '');
    const title = `${name}: ${request.kind.toUpperCase()}-steering`;
    // Six ways lie near one another: languages and long names would hide them.
    const drawn = drawnPlane(figures.plane, name.length <= LONGEST_LABEL ? name : 'model');
    await writeFigure(planeFigure(drawn, { title, languages: false }), picture, { cwd, warn });
    const tasks = { universal: request.universal.name, cultural: request.cultural.name };
    const curves = sweepFigure(choices, tasks, `${name}: steering by layer`);
    const curve = join(dir, 'sweep.svg');
    if (curves) await writeFigure(curves, curve, { cwd, warn });
    const chosen = [...choices].map(
      ([kind, { place }]) => `${kind} at layer ${place.layer} x ${place.gamma}`,
    );
    process.stdout.write(
      [
        `steered by ${chosen.join(', ')}`,
        '',
        planeText(figures.plane),
        '',
        choiceText(ways, figures),
        '',
        `report:  ${fromHere(path)}`,
        `picture: ${fromHere(picture)}`,
        ...(curves ? [`layers:  ${fromHere(curve)}`] : []),
        `to generate so: isogloss generate ${request.model} --steer ${fromHere(dir)} --steer-language ${languages[0]} ..`,
        '',
      ].join('\n'),
    );
    for (const warning of figures.warnings) warn(warning);
  } finally {
    progress.clear();
    signals.dispose();
  }
}
