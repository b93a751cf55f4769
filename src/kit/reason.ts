// Why something failed, in words that may be shown to callers: without the paths of this machine.

/** The call that a system error ends with, such as `, copyfile '/data/a' -> '/data/b'`. */
const CALL = /, \w+ '[^']*'(?: -> '[^']*')?/g;
/** Absolute paths and addresses of files. Those in URLs follow something, or begin with what our API's begin with. */
const PATH =
  /file:\/\/[^\s'"`;,()]+|(?<=['"`])\/[^'"`\n]+|(?<![\w:/.~%\])}-])\/(?!v2\b)[^\s'"`:;,()]+|\b[A-Za-z]:\\[^\s'"]+/g;

/** A text in which each path of this machine is replaced. */
export function withoutPaths(text: string): string {
  return text.replace(CALL, '').replace(PATH, '(path)');
}
