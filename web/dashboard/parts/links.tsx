// Links whose page and search are checked, which a component given Mantine's `component={Link}` does not do.
import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

type Props = AnchorProps & Omit<ComponentProps<'a'>, keyof AnchorProps>;

export const AnchorLink = createLink((props: Props) => <Anchor {...props} />);
