import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_ID_FORMAT, type IdFormat, parseIdFormat } from "../../src/core/ids.ts";
import { matchLayout } from "../../src/core/layouts/index.ts";
import { parseLayout } from "../../src/core/layouts/template.ts";
import {
  DEFAULT_ORACLE,
  idsByOracle,
  isOwnerByOracle,
  type OracleFormat,
  patternFor,
  uidsByOracle,
} from "./layouts-oracle.ts";
import { conflictOf, trySet } from "./layouts-help.ts";

function formatOf(oracle: OracleFormat): IdFormat {
  return oracle.declared === null ? DEFAULT_ID_FORMAT : parseIdFormat(oracle.declared);
}

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

interface Parts {
  readonly literals: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Templates from a few parts, so that they overlap often. */
function templatesOf({ literals, before, after }: Parts): fc.Arbitrary<string> {
  const segments = fc.array(pick("*", ...literals), { maxLength: 2 });
  const slot = fc.tuple(pick(...before), pick(...after)).map(([x, y]) => `${x}{project}${y}`);
  return fc
    .tuple(segments, slot, segments, fc.boolean())
    .map(([front, slot, back, rest]) =>
      [...front, slot, ...back, ...(rest ? ["**"] : [])].join("/"),
    );
}

describe("on an alphabet of four characters, against every key up to seven of them", () => {
  const ALPHABET = ["a", "b", "_", "/"];
  const LENGTH_MAX = 7;
  const keys = [""];
  for (const key of keys) {
    if (key.length < LENGTH_MAX) keys.push(...ALPHABET.map((char) => key + char));
  }
  const AB = new Set("ab");
  const formats: readonly { format: IdFormat; pattern: RegExp }[] = [
    { format: parseIdFormat("[ab]{1}"), pattern: /^[ab]$/ },
    { format: parseIdFormat("[ab]{2}"), pattern: /^[ab]{2}$/ },
    { format: parseIdFormat("[ab]{1,2}"), pattern: /^[ab]{1,2}$/ },
    { format: parseIdFormat("[ab_]{2}"), pattern: /^[ab_]{2}$/ },
    { format: parseIdFormat("a[ab]{1,2}"), pattern: /^a[ab]{1,2}$/ },
    { format: parseIdFormat("a_[ab]{1}"), pattern: /^a_[ab]$/ },
    {
      format: {
        prefix: "",
        chars: AB,
        separators: new Set("_"),
        minLength: 1,
        maxLength: 3,
        text: "[ab](_?[ab])*, 1 to 3 characters",
      },
      pattern: /^(?=.{1,3}$)[ab](?:_?[ab])*$/,
    },
  ];
  const templates = templatesOf({
    literals: ["*", "a", "ab"],
    before: ["", "", "a", "b_"],
    after: ["", "", "_*", "_*", "*", "a", "*b", "_*_*", "a*_"],
  });

  function idsOf(pattern: RegExp, template: string): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    for (const id of keys) {
      if (id.length > 3 || !pattern.test(id)) continue;
      const matcher = patternFor(template, id);
      for (const key of keys) {
        if (matcher.test(key)) found.set(key, (found.get(key) ?? new Set()).add(id));
      }
    }
    return found;
  }

  function shortestByEnumeration(pattern: RegExp, one: string, other: string): number {
    const byOne = idsOf(pattern, one);
    const byOther = idsOf(pattern, other);
    let shortest = Number.POSITIVE_INFINITY;
    for (const [key, ids] of byOne) {
      const others = [...(byOther.get(key) ?? [])];
      const differ = others.some((id) => !ids.has(id) || ids.size > 1);
      if (differ && key.length < shortest) shortest = key.length;
    }
    return shortest;
  }

  it("a pair is refused exactly when a key has two ids, with a shortest such key", () => {
    let refused = 0;
    let accepted = 0;
    fc.assert(
      fc.property(pick(...formats), templates, templates, (form, one, other) => {
        const conflict = conflictOf(form.format, one, other);
        const shortest = shortestByEnumeration(form.pattern, one, other);
        if (conflict === null) {
          accepted++;
          expect(shortest).toBe(Number.POSITIVE_INFINITY);
          return;
        }
        refused++;
        const { key, firstId, secondId } = conflict;
        expect(firstId).not.toBe(secondId);
        expect(form.pattern.test(firstId) && form.pattern.test(secondId)).toBe(true);
        const same = one === other;
        expect(patternFor(one, firstId).test(key)).toBe(true);
        expect(patternFor(same ? one : other, secondId).test(key)).toBe(true);
        if (key.length <= LENGTH_MAX) expect(key.length).toBe(shortest);
        else expect(shortest).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
    // The property says little when the generator makes only one sort.
    expect(refused).toBeGreaterThan(20);
    expect(accepted).toBeGreaterThan(20);
  });

  it("a layout alone is refused exactly when a key has two ids, with a shortest such key", () => {
    fc.assert(
      fc.property(pick(...formats), templates, (form, template) => {
        const conflict = conflictOf(form.format, template, template);
        const shortest = shortestByEnumeration(form.pattern, template, template);
        expect(conflict?.key.length ?? Number.POSITIVE_INFINITY).toSatisfy((length: number) =>
          length <= LENGTH_MAX ? length === shortest : shortest === Number.POSITIVE_INFINITY,
        );
        expect(conflict === null || conflict.firstId.length <= conflict.secondId.length).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("an accepted layout gives every key the one id that the enumeration finds", () => {
    fc.assert(
      fc.property(pick(...formats), templates, (form, template) => {
        fc.pre(conflictOf(form.format, template, template) === null);
        const layout = parseLayout(form.format, { name: "one", template });
        const found = idsOf(form.pattern, template);
        const expected = keys.map((key) => [...(found.get(key) ?? [null])][0]);
        expect(keys.map((key) => matchLayout(layout, key))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

const FORMS: readonly OracleFormat[] = [
  DEFAULT_ORACLE,
  { declared: "proj_[0-9a-f]{12}", pattern: /^proj_[0-9a-f]{12}$/ },
  { declared: "[0-9a-z]{4}", pattern: /^[0-9a-z]{4}$/ },
  { declared: "p[a-z0-9_]{2,5}", pattern: /^p[a-z0-9_]{2,5}$/ },
  { declared: "[0-9a-z]{26}", pattern: /^[0-9a-z]{26}$/ },
  { declared: "[a-z-]{1,30}", pattern: /^[a-z-]{1,30}$/ },
];

const realistic = templatesOf({
  literals: ["projects", "users", "audio", "proj_a", "proj_0123456789ab"],
  before: ["", "", "proj_", "p"],
  after: ["", "", "_*", ".zip", "_*_*.mp4", ".*", "*"],
});

function sampleIds(declared: string | null): fc.Arbitrary<string> {
  switch (declared) {
    case "proj_[0-9a-f]{12}":
      return fc.stringMatching(/^proj_[0-9a-f]{12}$/);
    case "[0-9a-z]{4}":
      return fc.oneof(pick("proj", "user", "p123"), fc.stringMatching(/^[0-9a-z]{4}$/));
    case "p[a-z0-9_]{2,5}":
      return fc.oneof(pick("proj_", "proj_a", "pp_p"), fc.stringMatching(/^p[a-z0-9_]{2,5}$/));
    case "[0-9a-z]{26}":
      return fc.stringMatching(/^[89a-z][0-9a-z]{25}$/);
    case "[a-z-]{1,30}":
      return fc.oneof(pick("projects", "users", "a"), fc.stringMatching(/^[a-z-]{1,8}$/));
    case null:
    default:
      return fc.oneof(
        pick("a", "a_b", "a_b-c", "proj_a", "projects", "users", "p1", "p10", "proj_proj_a"),
        fc.stringMatching(/^[A-Za-z0-9]{1,6}$/),
      );
  }
}

interface Claim {
  readonly layout: string;
  readonly id: string;
}

describe("for layouts and ids as applications have them", () => {
  const templates = fc.array(realistic, { minLength: 1, maxLength: 3 });
  const fills = fc.array(pick("", "_", "x", "projects", "a/b", "0"), {
    minLength: 4,
    maxLength: 4,
  });
  const uid = fc.stringMatching(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  const cases = fc.oneof(
    ...FORMS.map((form) => {
      const id = sampleIds(form.declared);
      return fc.record({ form: fc.constant(form), templates, ids: fc.tuple(id, id), fills, uid });
    }),
  );

  it("no key of an accepted set belongs to two distinct projects", () => {
    let accepted = 0;
    fc.assert(
      fc.property(cases, ({ form, templates, ids, fills, uid }) => {
        if (trySet(formatOf(form), templates) !== null) return;
        accepted++;
        const material = [...fills, ...ids, uid];
        for (const key of keysLike(["projects/*/**", ...templates], ids, material, uid)) {
          const owners = new Set(uidsByOracle(key));
          for (const template of templates) {
            for (const id of idsByOracle(form, template, key)) owners.add(id);
          }
          expect([key, owners.size <= 1]).toEqual([key, true]);
          for (const [i, template] of templates.entries()) {
            const layout = parseLayout(formatOf(form), { name: `l${i}`, template });
            const [id = null] = idsByOracle(form, template, key);
            expect(matchLayout(layout, key)).toBe(id);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it("every refused set comes with a key that both layouts match with two different ids", () => {
    let refused = 0;
    fc.assert(
      fc.property(pick(...FORMS), templates, (form, templates) => {
        const error = trySet(formatOf(form), templates);
        if (error?.code !== "ambiguous-layouts") return;
        refused++;
        const details = error.details as { key: string; first: Claim; second: Claim };
        expect(details.first.id).not.toBe(details.second.id);
        for (const { layout, id } of [details.first, details.second]) {
          const template = templates[Number(layout.slice(1))] ?? "";
          const owns =
            layout === "canonical"
              ? uidsByOracle(details.key).has(id)
              : isOwnerByOracle(form, template, details.key, id);
          expect([details, owns]).toEqual([details, true]);
        }
        expect(error.message).toContain(`The key '${details.key}' belongs to `);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});

/** Keys made by filling the templates' stars and slots with each other's ids and literals. */
function keysLike(
  templates: readonly string[],
  ids: readonly string[],
  material: readonly string[],
  uid: string,
): string[] {
  const keys: string[] = [];
  for (const [t, template] of templates.entries()) {
    for (const [i, id] of [...ids, uid].entries()) {
      let n = t + i;
      const fill = (rest: boolean): string => {
        const text = material[n++ % material.length] ?? "";
        return rest ? text : text.replaceAll("/", "");
      };
      keys.push(
        template.replaceAll(/\*\*?/g, (star) => fill(star === "**")).replace("{project}", () => id),
      );
    }
  }
  return keys;
}
