/** Which of the tasks that are named are the axes of the plane. */
import { type Problem, UserError } from '../../errors.ts';
import type { TaskRequest } from '../ask.ts';
import { findTask, TASKS } from '../tasks/index.ts';

/** Names that choose where there are several. */
export interface ChosenTasks {
  universal: string | null;
  cultural: string | null;
}

/** Tasks by axis. */
export interface Axes {
  universal: TaskRequest;
  /** Without the option `form`. */
  cultural: TaskRequest;
}

const [TRIED_UNIVERSAL, TRIED_CULTURAL] = ['toy', 'toy_culture'];
const FORM = 'form';
const PLAIN = 'decontextualized';

/**
 * The universal and the cultural one of some tasks; `toy` alone comes with `toy_culture`.
 *
 * @throws UserError with all that is wrong: an axis without a task or with several, a task that is on none, questions that cannot be
 *   asked with their country and without
 */
export function axesOf(tasks: readonly TaskRequest[], chosen: ChosenTasks): Axes {
  const given =
    tasks.length === 1 && tasks[0]!.name === TRIED_UNIVERSAL
      ? [...tasks, { name: TRIED_CULTURAL!, options: {} }]
      : tasks;
  const problems: Problem[] = [];
  const cultural = pick('cultural', given, chosen.cultural, problems);
  const rest = given.filter((task) => task !== cultural);
  const universal = pick('universal', rest, chosen.universal, problems);
  for (const task of given)
    if (universal && cultural && task !== universal && task !== cultural)
      problems.push({
        message: `${task.name} is neither axis of the plane: steering asks ${universal.name} and ${cultural.name}`,
      });
  if (cultural !== undefined) problems.push(...formProblems(cultural));
  if (problems.length > 0) throw new UserError(problems);
  const { [FORM]: _, ...options } = cultural!.options;
  return { universal: universal!, cultural: { ...cultural!, options } };
}

function pick(
  axis: 'universal' | 'cultural',
  tasks: readonly TaskRequest[],
  name: string | null,
  problems: Problem[],
): TaskRequest | undefined {
  const names = tasks.map((task) => task.name).join(', ') || 'none';
  if (name !== null) {
    const found = tasks.find((task) => task.name === name);
    if (!found)
      problems.push({ message: `steering.${axis}_task must be one of the tasks, ${names}; found ${name}` });
    return found;
  }
  const ofKind = (kind: string) => tasks.filter((task) => findTask(task.name).kind === kind);
  const own = ofKind(axis);
  // Questions of one's own are of no kind: they are universal where nothing else is.
  const found = own.length > 0 || axis === 'cultural' ? own : ofKind('other');
  if (found.length === 1) return found[0];
  const able = TASKS.filter((task) => task.kind === axis).map((task) => task.name);
  problems.push({
    message:
      found.length > 1
        ? `which task is ${axis}? name one by steering.${axis}_task: ${found.map((task) => task.name).join(', ')}`
        : `steering needs a ${axis} task, such as ${able.join(', ')}, among the tasks: ${names}`,
  });
  return undefined;
}

/** LOC is what naming the country changes, and the plane is of questions that do not. */
function formProblems({ name, options }: TaskRequest): Problem[] {
  const values = findTask(name).options?.[FORM]?.values ?? [];
  if (!values.includes(PLAIN))
    return [{ message: `${name} does not ask its questions without their country, as localization needs` }];
  const form = options[FORM];
  if (form === undefined || form === PLAIN) return [];
  return [
    {
      message: `${name} is asked without its country here, and with it beside that: its option form must be ${PLAIN} or left out, found ${form}`,
    },
  ];
}

/** The cultural task in one of its forms. */
export function inForm(task: TaskRequest, form: 'contextualized' | 'decontextualized'): TaskRequest {
  return { ...task, options: { ...task.options, [FORM]: form } };
}
