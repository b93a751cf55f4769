// Enough of a lexer to colour JSON, JavaScript and shell commands.

export interface CodeToken {
  kind: 'plain' | 'string' | 'number' | 'word' | 'comment';
  text: string;
  at: number;
}

const PATTERN =
  /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|(\/\/[^\n]*|^#[^\n]*)|\b(\d+(?:\.\d+)?)\b|\b(import|from|const|await|new|true|false|null|curl|return|async|function)\b/gm;

export function tokens(code: string): CodeToken[] {
  const found: CodeToken[] = [];
  let end = 0;
  const add = (kind: CodeToken['kind'], text: string, at: number) => {
    if (text) found.push({ kind, text, at });
  };
  for (const match of code.matchAll(PATTERN)) {
    const [text, string, comment, number] = match;
    add('plain', code.slice(end, match.index), end);
    add(string ? 'string' : comment ? 'comment' : number ? 'number' : 'word', text, match.index);
    end = match.index + text.length;
  }
  add('plain', code.slice(end), end);
  return found;
}
