/** A steering vector as lines of text. */
import type { SteeringVector } from '../steering/vector.ts';

/** What it is of, and for each layer how long it is beside the hidden states that it is added to. */
export function formatVector({ facts, identity, vectors_LD }: SteeringVector): string {
  const { model, norms, pairs, prompt } = facts;
  const languages = [...vectors_LD.keys()].sort();
  const counts = languages.map((language) => `${language} ${pairs[language]?.ids.length ?? '-'}`);
  const settings = Object.entries(prompt).map(([name, value]) => `${name} ${value}`);
  const head = [
    `${facts.kind} of ${model.name}: ${model.num_hidden_layers} layers of width ${model.hidden_size}`,
    `made of ${facts.task}, ${facts.split}, seed ${facts.seed}; pairs: ${counts.join('  ')}`,
    `prompts: ${settings.join(', ')}${facts.chat_template === null ? '' : ', in the chat template'}; read at: ${facts.read_at}; added to: ${facts.applied_at}`,
    `weights ${short(model.weights)}, numbers ${short(identity)}`,
  ];
  const rows = Array.from({ length: model.num_hidden_layers }, (_, layer) => [
    String(layer),
    ...languages.flatMap((language) => {
      const { vector, hidden } = norms[language]!;
      const share = hidden[layer]! > 0 ? `${((100 * vector[layer]!) / hidden[layer]!).toFixed(1)} %` : '-';
      return [digits(vector[layer]!), share];
    }),
  ]);
  const table = [['layer', ...languages.flatMap((language) => [language, ''])], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, i) => cell.padStart(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return [
    ...head,
    '',
    ...lines,
    '',
    "length of the vector, and its share of the hidden states' mean length",
  ].join('\n');
}

function short(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 12);
}

function digits(value: number): string {
  const isPlain = value === 0 || (value >= 1e-3 && value < 1e6);
  return isPlain ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}
