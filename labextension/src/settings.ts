import { IScanOptions } from './document';
import { ISettings } from './wire';

/** The user's settings, as schema/findings.json has them. */
export interface IUserSettings extends IScanOptions {
  readonly gutter: boolean;
  readonly outputs: boolean;
  readonly onSave: 'notify' | 'off';
}

export const DEFAULTS: IUserSettings = {
  enabled: true,
  when: 'typing',
  delay: 150,
  gutter: true,
  outputs: true,
  onSave: 'notify',
  settings: {}
};

/** The composite of a settings file as settings. */
export function fromComposite(composite: object): IUserSettings {
  const { profile, minSeverity, select, ignore, ...rest } = composite as ISettings &
    Partial<IUserSettings>;
  return { ...DEFAULTS, ...rest, settings: { profile, minSeverity, select, ignore } };
}

/**
 * A notebook's own settings, from its metadata's `mlsec`, over the user's.
 *
 * It can only name what the settings name; anything else is left out, as a notebook may come from
 * anywhere. `select` is not taken: a notebook must not switch off what its reader looks for.
 */
export function withNotebook(settings: ISettings, metadata: unknown): ISettings {
  if (typeof metadata !== 'object' || metadata === null) {
    return settings;
  }
  const own = metadata as Record<string, unknown>;
  const names = Array.isArray(own.ignore) ? own.ignore.filter(n => typeof n === 'string') : [];
  const pedantic = own.profile === 'pedantic' || own.profile === 'auditor';
  return {
    ...settings,
    ...(names.length ? { ignore: [...(settings.ignore ?? []), ...names] } : {}),
    ...(pedantic ? { profile: own.profile as ISettings['profile'] } : {})
  };
}
