/** The questions of a study: Dev2 to choose by and Test to report on, of both axes, in the same languages. */
import { ENGLISH } from '../../data/parallel/languages.ts';
import { UserError } from '../../errors.ts';
import { type AskedTask, askTask, type Reader } from '../ask.ts';
import { findTask } from '../tasks/index.ts';
import { inForm } from './axes.ts';
import type { StudyRequest } from './request.ts';

/** Questions of both axes. */
export interface BothAxes {
  universal: AskedTask;
  cultural: AskedTask;
}

/** All that is asked. */
export interface StudyQuestions {
  /** That are steered: all but English. */
  languages: string[];
  dev2: BothAxes;
  test: BothAxes;
  /** The cultural questions of Test with their country named, where they can be had. */
  named?: AskedTask;
}

/** Says something to the user. */
export type Hear = (text: string, level?: 'info' | 'warning') => void;

/**
 * Reads them.
 *
 * @throws UserError for languages that the axes do not share, parts without questions, and as tasks do
 */
export async function readQuestions(
  request: StudyRequest,
  reader: Reader,
  cwd: string,
  hear: Hear,
): Promise<StudyQuestions> {
  const languages = await studyLanguages(request, cwd);
  const ask = (task: StudyRequest['universal'], part: 'dev2' | 'test', its: string[], limit: number | null) =>
    askTask(
      task,
      { ...request.asking, languages: its, limit, split: { part, ...request.parts } },
      reader,
      cwd,
      once(hear),
    );
  // English is read with the universal questions, as EN does: without it they would fall into other parts.
  const axes = async (part: 'dev2' | 'test', limit: number | null): Promise<BothAxes> => ({
    universal: withoutEnglish(await ask(request.universal, part, [ENGLISH, ...languages], limit)),
    cultural: await ask(inForm(request.cultural, 'decontextualized'), part, languages, limit),
  });
  const [dev2, test] = [await axes('dev2', null), await axes('test', request.asking.limit)];
  const named = request.controls.context
    ? sameQuestions(
        await ask(inForm(request.cultural, 'contextualized'), 'test', languages, null),
        test.cultural,
        hear,
      )
    : undefined;
  return { languages, dev2, test, ...(named ? { named } : {}) };
}

/** Those asked for, or all that both axes have; without English, which is what EN moves towards. */
async function studyLanguages({ asking, universal, cultural }: StudyRequest, cwd: string): Promise<string[]> {
  const others = asking.languages.filter((language) => language !== ENGLISH);
  if (others.length > 0) return others;
  if (asking.languages.length > 0)
    throw new UserError('steering is of languages other than English; name some with --languages');
  const lists: string[][] = [];
  for (const task of [universal, inForm(cultural, 'decontextualized')]) {
    const { path, options } = task;
    const read = { ...(path === undefined ? {} : { path }), languages: [], cwd, seed: asking.seed, options };
    const { items } = await findTask(task.name).read(read);
    lists.push([...new Set(items.map(({ language }) => language))]);
  }
  const [first, second] = lists as [string[], string[]];
  const shared = first.filter((language) => language !== ENGLISH && second.includes(language));
  if (shared.length > 0) return shared;
  throw new UserError(
    `${universal.name} (${first.join(', ')}) and ${cultural.name} (${second.join(', ')}) share no language but English`,
  );
}

function withoutEnglish(asked: AskedTask): AskedTask {
  return {
    ...asked,
    items: asked.items.filter(({ language }) => language !== ENGLISH),
    prepared: asked.prepared.filter(({ item }) => item.language !== ENGLISH),
    key: { ...asked.key, languages: asked.key.languages.filter((language) => language !== ENGLISH) },
  };
}

/** The questions of `named` that `plain` has; undefined, and it is told, where it lacks some: the two could not be compared. */
function sameQuestions(named: AskedTask, plain: AskedTask, hear: Hear): AskedTask | undefined {
  const key = ({ language, id }: { language: string; id: string }) => `${language} ${id}`;
  const asked = new Set(plain.items.map(key));
  const items = named.items.filter((item) => asked.has(key(item)));
  if (items.length < asked.size) {
    const lacking = asked.size - items.length;
    hear(
      `${plain.task.name}: ${lacking} of ${asked.size} questions of Test cannot be asked with their country named, so that none is`,
      'warning',
    );
    return undefined;
  }
  return {
    ...{ ...named, items, key: { ...named.key, limit: plain.key.limit } },
    prepared: named.prepared.filter(({ item }) => asked.has(key(item))),
  };
}

const said = new WeakMap<Hear, Set<string>>();

/** What is true of a task is so of each of its parts, and told once. */
function once(hear: Hear): Hear {
  const known = said.get(hear) ?? new Set<string>();
  said.set(hear, known);
  return (text, level) => {
    if (!known.has(text)) hear(text, level);
    known.add(text);
  };
}
