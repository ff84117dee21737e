/** The reference of all recipe fields, docs/recipes.md, made from the schema. */
import { describe } from './explain.ts';
import { type Kind, SCHEMAS } from './schema.ts';
import { alternatives, fields, type JsonSchema, jsonSchema } from './shape.ts';

/** Markdown with one table for each section of each method's recipe. */
export function recipeReference(): string {
  const lines = [
    '# Recipe reference',
    '',
    '<!-- Made by `npm run isogloss -- schema --docs`; a test compares it with the schema. Do not edit. -->',
    '',
    'A recipe is a YAML 1.2 file. Every field can be set on the command line as `section.field=value` (the value is',
    'read as YAML) or taken out with `~section.field`; paths are relative to the working directory. Unknown keys are',
    'errors. For completion in an editor, save the output of `isogloss schema` and name it in the first line of the',
    'recipe: `# yaml-language-server: $schema=recipe.schema.json`. Of trainings `method` names the method; `eval` is a recipe of',
    'an evaluation.',
  ];
  for (const method of Object.keys(SCHEMAS) as Kind[]) {
    lines.push('', `## method: ${method}`);
    const root = jsonSchema(method);
    let section: string | undefined;
    for (const field of sorted(method)) {
      const at = field.path.includes('.') ? field.path.slice(0, field.path.lastIndexOf('.')) : '';
      if (at !== section) {
        section = at;
        const description = at === '' ? 'The run as a whole.' : sectionDescription(root, at);
        lines.push('', `### ${at === '' ? 'top level' : `\`${at}\``}`, '', description, '');
        lines.push('| field | value | default | meaning |', '|---|---|---|---|');
      }
      lines.push(row(field));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Fields of one section stand together, top-level ones first. */
function sorted(method: Kind): ReturnType<typeof fields> {
  const all = fields(method);
  const sectionOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const order = ['', ...new Set(all.map((field) => sectionOf(field.path)))];
  return [...all].sort((a, b) => order.indexOf(sectionOf(a.path)) - order.indexOf(sectionOf(b.path)));
}

function sectionDescription(root: JsonSchema, path: string): string {
  let at: JsonSchema | undefined = root;
  for (const key of path.split('.')) {
    const object: JsonSchema | undefined = at?.properties
      ? at
      : at?.anyOf?.find((choice) => choice.properties);
    at = object?.properties?.[key];
  }
  return at?.description ?? '';
}

function row({ path, schema, required }: ReturnType<typeof fields>[number]): string {
  const allowed = allowedIn(schema);
  const value = schema.unit === undefined ? allowed : `${allowed} (${schema.unit})`;
  const fallback = required ? '(required)' : `\`${JSON.stringify(schema.default)}\``;
  const meaning =
    schema.source === undefined
      ? schema.description
      : `${schema.description} Default from: ${schema.source}.`;
  const cells = [`\`${path.slice(path.lastIndexOf('.') + 1)}\``, value, fallback, meaning ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Mappings have a table of their own. */
function allowedIn(schema: JsonSchema): string {
  const choices = alternatives(schema);
  if (!choices.some((choice) => choice.properties)) return describe(schema);
  const { each = 'source' } = schema;
  if (choices.some(({ type }) => type === 'array'))
    return `a ${each} or a list of ${each}s${allowsNull(schema)}`;
  const isName = choices.some(({ type }) => type === 'string');
  return `${isName ? 'a name or ' : ''}its fields${allowsNull(schema)}`;
}

const allowsNull = (schema: JsonSchema): string =>
  alternatives(schema).some((choice) => choice.type === 'null') ? ' or null' : '';
