/** Options of `isogloss eval` as settings of an evaluation's recipe: one schema says what both may be. */
import type { Options } from 'yargs';
import {
  describeSchema,
  type FlagSetting,
  type Json,
  parseValue,
  type Setting,
  schemaAt,
  setAt,
} from '../recipe/index.ts';
import { TASK_NAMES } from './evaluation-help.ts';
import type { SteerArgs } from './steer-flags.ts';

/** Field that each option sets; `isText` is taken as it is, all others are read as YAML, as in key=value. */
const FLAGS: Readonly<Record<string, { path: readonly string[]; isText?: boolean; isSwitch?: boolean }>> = {
  tasks: { path: ['tasks'], isText: true },
  languages: { path: ['languages'], isText: true },
  limit: { path: ['limit'] },
  shots: { path: ['shots'] },
  scoring: { path: ['scoring'] },
  prompt: { path: ['prompt'] },
  metric: { path: ['metric'] },
  chat: { path: ['chat'], isSwitch: true },
  split: { path: ['split'] },
  'split-by': { path: ['split_by'] },
  steering: { path: ['steering', 'kind'] },
  'every-checkpoint': { path: ['every_checkpoint'], isSwitch: true },
  seed: { path: ['seed'] },
  out: { path: ['out'], isText: true },
  'token-budget': { path: ['token_budget'] },
  tokenizer: { path: ['model', 'tokenizer'], isText: true },
  'embed-scale': { path: ['model', 'embed_scale'] },
  backend: { path: ['backend', 'name'] },
  compute: { path: ['backend', 'compute'] },
};

/** The options for yargs, described by the schema. */
export function evalFlags(): Record<string, Options> {
  return Object.fromEntries(
    Object.entries(FLAGS).map(([name, { path, isSwitch }]): [string, Options] => {
      const schema = schemaAt('eval', path)!;
      const values = isSwitch || schema.description === undefined ? '' : ` (${describeSchema(schema)})`;
      const described = `${schema.description}${path[0] === 'tasks' ? ` (${TASK_NAMES.join(', ')})` : values}`;
      return [
        name,
        isSwitch
          ? { type: 'boolean', describe: described }
          : { type: 'string', requiresArg: true, describe: described, ...defaultOf(schema.default) },
      ];
    }),
  );
}

function defaultOf(value: unknown): Options {
  return value === undefined || value === null || typeof value === 'object'
    ? {}
    : { defaultDescription: String(value) };
}

/** What yargs found. */
export interface EvalArgs extends SteerArgs {
  model: string;
  overrides: readonly string[];
  data: readonly string[];
  set: readonly string[];
  [option: string]: unknown;
}

/** Settings of the command line but for the model, in the order in which they count: options, then `key=value`. */
export function evalSettings(args: EvalArgs): Setting[] {
  const settings: Setting[] = [];
  for (const [name, { path, isText = false }] of Object.entries(FLAGS)) {
    const value = args[name];
    if (value === undefined) continue;
    const isOn = typeof value === 'boolean';
    settings.push(flag(isOn ? `--${value ? '' : 'no-'}${name}` : `--${name} ${value}`, path, value, isText));
  }
  for (const text of args.data) settings.push(ofTask('data', text, setPath));
  for (const text of args.set) settings.push(ofTask('set', text, setOption));
  return [...settings, ...args.overrides];
}

/** A text that a field is set to. */
export function textSetting(shown: string, path: readonly string[], text: string): FlagSetting {
  return flag(shown, path, text, true);
}

function flag(shown: string, path: readonly string[], value: unknown, isText: boolean): FlagSetting {
  return {
    shown,
    apply(root) {
      const read = isText || typeof value !== 'string' ? { value: value as Json } : parseValue(value);
      if (typeof read === 'string') return { wrong: read };
      spreadName(root, path);
      const wrong = setAt(root, path, read.value);
      return wrong === undefined ? path : { wrong };
    },
  };
}

/** A name that stands for a mapping (`steering: sur`) gives way to it, or nothing could be set in it. */
function spreadName(root: Json, [section, ...rest]: readonly string[]): void {
  const holder = root as Record<string, Json>;
  if (section === 'steering' && rest.length > 0 && typeof holder[section] === 'string')
    holder[section] = { kind: holder[section] };
}

/** `--data TASK=PATH` or `--set TASK.OPTION=VALUE`, put into the task's entry, which a name may have stood for. */
function ofTask(
  option: string,
  text: string,
  put: (task: Record<string, Json>, rest: string) => { at: string[] } | { wrong: string },
): FlagSetting {
  const shown = `--${option} ${text}`;
  return {
    shown,
    apply(root) {
      const holder = root as Record<string, Json>;
      const tasks = taskEntries(holder.tasks ?? ['toy']);
      const names = tasks.map(({ name }) => String(name));
      const found = /^([^=.]+)[=.](.+)$/s.exec(text);
      const index = names.indexOf(found?.[1] ?? '');
      if (!found || index === -1) return { wrong: `must begin with one of the tasks: ${names.join(', ')}` };
      const done = put(tasks[index]!, found[2]!);
      if ('wrong' in done) return done;
      holder.tasks = tasks;
      return ['tasks', String(index), ...done.at];
    },
  };
}

function setPath(task: Record<string, Json>, path: string) {
  task.path = path;
  return { at: ['path'] };
}

function setOption(task: Record<string, Json>, text: string) {
  const [key, value] = text.split(/=(.*)/s) as [string, string | undefined];
  if (value === undefined) return { wrong: 'must be TASK.OPTION=VALUE' };
  task.options = { ...(task.options as Record<string, Json> | undefined), [key]: value };
  return { at: ['options', key] };
}

/** Tasks as mappings, whichever way they were written. */
function taskEntries(tasks: Json): Record<string, Json>[] {
  const list = typeof tasks === 'string' ? tasks.split(',').map((name) => name.trim()) : [tasks].flat();
  return list.map((task) =>
    task !== null && typeof task === 'object' && !Array.isArray(task) ? { ...task } : { name: task as Json },
  );
}
