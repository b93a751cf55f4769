// What axe holds against a page as it is now.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

/** What axe found of the impact that matters. */
export interface Finding {
  rule: string;
  where: string[];
}

/** Rules that another colour scheme can break; what else they look at is the same in both. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** Findings of serious and critical impact: of everything, and of the colours in the other colour scheme. */
export async function accessibilityOf(page: Page): Promise<Finding[]> {
  await page.evaluate(AXE);
  const found = await findings(page, {});
  const isDark = await page.evaluate<boolean>(`matchMedia('(prefers-color-scheme: dark)').matches`);
  const [own, other] = isDark ? (['dark', 'light'] as const) : (['light', 'dark'] as const);
  await switchTo(page, other);
  const inOther = await findings(page, { runOnly: COLOUR_RULES });
  await switchTo(page, own);
  return [...found, ...inOther.map(({ rule, where }) => ({ rule: `${rule} (${other})`, where }))];
}

/** Styles follow at once, what a page's own code does about it a little later. */
async function switchTo(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  const switched = `html:not([data-mantine-color-scheme]), html[data-mantine-color-scheme="${colorScheme}"]`;
  await page.locator(switched).waitFor({ state: 'attached' });
}

async function findings(page: Page, options: { runOnly?: string[] }): Promise<Finding[]> {
  // What is still fading in has less contrast than what people come to see. Endless animations are left running.
  await page.evaluate(`Promise.all(document.getAnimations()
    .filter((it) => it.effect?.getComputedTiming().endTime !== Infinity)
    .map((it) => it.finished.catch(() => undefined)))`);
  const asked = JSON.stringify({ resultTypes: ['violations'], ...options });
  const { violations } = await page.evaluate<AxeResult>(`axe.run(document, ${asked})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({ rule: id, where: nodes.map(({ html }) => html.slice(0, 200)) }));
}
