/** Sizes of sources, read from how oxfmt lays them out: a block ends where its opening line's indentation comes back. */

/** A function and its lines, signature included. */
export interface FunctionSize {
  /** The line that it begins with, without indentation. */
  readonly name: string;
  readonly lines: number;
}

const CONTROL = /^(?:\} )?(?:if|else|for|while|do|switch|case|try|catch|finally|class|interface)\b/;
const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Functions, methods and arrows with a body in a formatted TypeScript or JavaScript source. */
export function functionSizes(source: string): FunctionSize[] {
  const lines = source.split("\n");
  return lines.flatMap((line, i) => {
    if (!/(?:=>|\)|\w|>|\]) \{$/.test(line) || /^\s*(?:\*|\/\/)/.test(line)) return [];
    const indent = indentOf(line);
    const begin = beginOf(lines, i, indent);
    const first = lines[begin]?.trim() ?? "";
    const isFunction = line.endsWith("=> {") || (first.includes("(") && !CONTROL.test(first));
    if (!isFunction) return [];
    const length = lines
      .slice(i + 1)
      .findIndex((later) => indentOf(later) === indent && later.trimStart().startsWith("}"));
    return length < 0 ? [] : [{ name: first, lines: i + 1 + length + 1 - begin }];
  });
}

/** Where a signature of several lines begins; its last line begins with a closing bracket. */
function beginOf(lines: readonly string[], last: number, indent: number): number {
  if (!/^\s*[)}\]]/.test(lines[last] ?? "")) return last;
  let begin = last - 1;
  while (begin > 0 && indentOf(lines[begin] ?? "") > indent) begin -= 1;
  return Math.max(begin, 0);
}

/** Functions of a Lua source that are laid out likewise. */
export function luaFunctionSizes(source: string): FunctionSize[] {
  const lines = source.split("\n");
  return lines.flatMap((line, i) => {
    const indent = /^(\s*)(?:local )?function /.exec(line)?.[1];
    if (indent === undefined) return [];
    const length = lines.slice(i).indexOf(`${indent}end`);
    return length < 0 ? [] : [{ name: line.trim(), lines: length + 1 }];
  });
}
