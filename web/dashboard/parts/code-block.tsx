import { Box } from '@mantine/core';
import { Copy } from './identifier.tsx';
import classes from './parts.module.css';
import { tokens } from './tokens.ts';

/** Code to read and copy. What is in it, names of strangers too, is only ever text. */
export function CodeBlock({ code, label, maxHeight }: { code: string; label: string; maxHeight?: number }) {
  return (
    <Box className={classes.code}>
      <Box className={classes.codeCopy}>
        <Copy value={code} label={label} />
      </Box>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable without a mouse */}
      {/* biome-ignore lint/a11y/useSemanticElements: a section would break the box that scrolls */}
      <pre tabIndex={0} role="region" aria-label={label} style={maxHeight ? { maxHeight } : undefined}>
        <code>
          {tokens(code).map(({ kind, text, at }) => (
            <span key={at} data-kind={kind}>
              {text}
            </span>
          ))}
        </code>
      </pre>
    </Box>
  );
}

export function JsonBlock({ value, label, maxHeight }: { value: unknown; label: string; maxHeight?: number }) {
  const code = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return <CodeBlock code={code} label={label} {...(maxHeight && { maxHeight })} />;
}
