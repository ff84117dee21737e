/** Fields that JSON text gives twice: parsing keeps the last one and says nothing of the others. */

/** The first key that an object in `json`, at any depth, has twice. The text must be valid JSON. */
export function repeatedKey(json: string): string | undefined {
  // One entry for each object that is open: its only key so far, or all of them. Most have few, and lines may nest deep.
  const open: (string | Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{') open.push(undefined);
    else if (char === '}') open.pop();
    else if (char === '"') {
      const end = endOfString(json, at);
      if (isKey(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string;
        const keys = open.at(-1);
        if (keys === key || (keys instanceof Set && keys.has(key))) return key;
        if (keys instanceof Set) keys.add(key);
        else open[open.length - 1] = keys === undefined ? key : new Set([keys, key]);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Index behind the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let before = quote;
    while (json[before - 1] === '\\') before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
}

/** Does a colon follow? */
function isKey(json: string, end: number): boolean {
  let at = end;
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at++;
  return json[at] === ':';
}
