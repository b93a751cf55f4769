// What a composed picture looks like, in the dark and in the light.
import type { CompositionConfig } from '../../../protocol/composition.ts';
import { type Colour, hex } from './colour.ts';

export interface Theme {
  background: Colour;
  /** Behind avatars and beside screens. */
  tile: Colour;
  /** Around who speaks. */
  accent: Colour;
  label: { background: Colour; opacity: number; text: Colour; icon: Colour };
  avatars: readonly Colour[];
  avatarText: Colour;
}

const DARK: Theme = {
  background: hex('#0e1116'),
  tile: hex('#1d232e'),
  accent: hex('#5b9dff'),
  label: { background: hex('#0b0e13'), opacity: 0.62, text: hex('#ffffff'), icon: hex('#ff6b6b') },
  avatars: ['#3d6be0', '#0f8f83', '#8a4fd0', '#c2543d', '#2f855a', '#b4488a', '#a06a12', '#4a6178'].map(hex),
  avatarText: hex('#ffffff'),
};

const LIGHT: Theme = {
  background: hex('#eef1f5'),
  tile: hex('#d9dfe8'),
  accent: hex('#2f6fed'),
  label: { background: hex('#ffffff'), opacity: 0.86, text: hex('#1a2130'), icon: hex('#d03a3a') },
  avatars: ['#4474e8', '#119c8f', '#9258d8', '#cf6048', '#35935f', '#bf5396', '#ad751a', '#567089'].map(hex),
  avatarText: hex('#ffffff'),
};

export function themeOf(name: CompositionConfig['theme']): Theme {
  return name === 'LIGHT' ? LIGHT : DARK;
}

/** Everybody keeps the same colour in every picture. */
export function avatarColour(theme: Theme, participantId: string): Colour {
  let hash = 7;
  for (const character of participantId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return theme.avatars[hash % theme.avatars.length] ?? theme.accent;
}
