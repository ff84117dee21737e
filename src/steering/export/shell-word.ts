/** A word for a command line that is printed to be copied: in quotes where a shell would take it apart. */
export function shellWord(word: string): string {
  return /^[\w./+=@%:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
