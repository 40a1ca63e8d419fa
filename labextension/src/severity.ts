import { TranslationBundle } from '@jupyterlab/translation';
import { IFinding } from './wire';

export type Severity = IFinding['severity'];

/** From the worst to the least. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** A severity in the user's language. */
export function severityWord(severity: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    critical: trans.__('critical'),
    high: trans.__('high'),
    medium: trans.__('medium'),
    low: trans.__('low'),
    info: trans.__('info')
  };
  return words[severity] ?? severity;
}

/** How CodeMirror draws a severity. */
export function level(severity: Severity): 'error' | 'warning' | 'info' {
  return severity === 'critical' || severity === 'high'
    ? 'error'
    : severity === 'medium'
      ? 'warning'
      : 'info';
}

/** How many findings there are of each severity, worst first, without those of which is none. */
export function counts(findings: readonly IFinding[]): [Severity, number][] {
  return SEVERITIES.map(
    severity =>
      [severity, findings.filter(f => f.severity === severity).length] as [Severity, number]
  ).filter(([, n]) => n > 0);
}
