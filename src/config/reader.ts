import { DURATION_FORM, formatDuration, parseDuration, parseDurations } from "../core/duration.ts";
import type { SettingName } from "./names.ts";
import type { Problems } from "./problems.ts";
import { shown } from "./redact.ts";
import type { Provenance } from "./types.ts";

/** A text that somebody gave, before it is read, and where. */
export interface Given extends Provenance {
  readonly text: string;
}

export type Settings = ReadonlyMap<SettingName, Given>;

/** Reads settings one by one; what is wrong goes to `problems`, and the default stands in for it. */
export class SettingReader {
  readonly settings: Settings;
  readonly problems: Problems;

  constructor(settings: Settings, problems: Problems) {
    this.settings = settings;
    this.problems = problems;
  }

  given(name: SettingName): Given | undefined {
    return this.settings.get(name);
  }

  text(name: SettingName): string | null {
    return this.settings.get(name)?.text ?? null;
  }

  /** How messages call a setting: as the person wrote it. */
  label(name: SettingName): string {
    return this.settings.get(name)?.origin ?? name;
  }

  /** Records a problem with a setting. `why` goes on from its name. */
  refuse(name: SettingName, why: string): void {
    this.problems.add(`${this.label(name)} ${why}`);
  }

  duration(
    name: SettingName,
    defaultMs: number,
    bounds: { readonly minMs: number; readonly maxMs: number },
  ): number {
    const text = this.text(name);
    if (text === null) return defaultMs;
    const durationMs = parseDuration(text);
    if (durationMs === null) {
      this.refuse(name, `is ${shown(text)}; write ${DURATION_FORM}.`);
      return defaultMs;
    }
    if (durationMs < bounds.minMs || durationMs > bounds.maxMs) {
      const from = formatDuration(bounds.minMs);
      this.refuse(name, `is '${text}'; it can be ${from} to ${formatDuration(bounds.maxMs)}.`);
      return defaultMs;
    }
    return durationMs;
  }

  /** A list in ascending order; `off` for an empty one. */
  durations(name: SettingName, defaultMs: readonly number[]): readonly number[] {
    const text = this.text(name);
    if (text === null) return defaultMs;
    if (text === "off") return [];
    const durationsMs = parseDurations(text);
    if (durationsMs === null || durationsMs.includes(0)) {
      this.refuse(
        name,
        `is ${shown(text)}; write durations above zero with commas between them, such as '1h,24h', or 'off'.`,
      );
      return defaultMs;
    }
    return [...new Set(durationsMs)].sort((a, b) => a - b);
  }

  integer(
    name: SettingName,
    byDefault: number,
    bounds: { readonly min: number; readonly max: number },
  ): number {
    const text = this.text(name);
    if (text === null) return byDefault;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= bounds.min && value <= bounds.max) return value;
    this.refuse(
      name,
      `is ${shown(text)}; write a whole number from ${bounds.min} to ${bounds.max}.`,
    );
    return byDefault;
  }

  /** A whole number from 1, or null for `off`. */
  countOrOff(name: SettingName, byDefault: number): number | null {
    const text = this.text(name);
    if (text === "off") return null;
    if (text === null || /^[1-9]\d{0,8}$/.test(text)) return Number(text ?? byDefault);
    this.refuse(name, `is ${shown(text)}; write a whole number from 1, or 'off'.`);
    return byDefault;
  }

  boolean(name: SettingName, byDefault: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return byDefault;
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    this.refuse(name, `is ${shown(text)}; write 'true' or 'false'.`);
    return byDefault;
  }

  choice<Choice extends string>(
    name: SettingName,
    choices: readonly Choice[],
    byDefault: Choice,
  ): Choice {
    const text = this.text(name);
    if (text === null) return byDefault;
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    this.refuse(name, `is ${shown(text)}; write one of '${choices.join("', '")}'.`);
    return byDefault;
  }

  /** An http or https URL without credentials, as it was written but for a final `/`. */
  httpUrl(name: SettingName): string | null {
    const text = this.text(name);
    if (text === null) return null;
    if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
      this.refuse(name, `is ${shown(text)}; write a URL that begins with https:// or http://.`);
      return null;
    }
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") {
      this.refuse(name, "holds a user name or a password; write the URL without them.");
      return null;
    }
    return text.replace(/\/+$/, "");
  }
}
