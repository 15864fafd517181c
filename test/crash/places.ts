/**
 * Where objects of a project may lie, in words of the checker's own: nothing here asks expunge. The
 * configuration below declares the same.
 */
export const CONFIG_FILE = {
  layouts: [
    { name: "old", template: "old/{project}/**" },
    { name: "zips", template: "zips/{project}.zip" },
  ],
} as const;

export interface ProjectName {
  readonly id: string;
  readonly uid: string;
}

export function canonicalPlace({ uid }: Pick<ProjectName, "uid">): string {
  return `projects/${uid}/`;
}

export function oldPlace({ id }: Pick<ProjectName, "id">): string {
  return `old/${id}/`;
}

export function zipPlace({ id }: Pick<ProjectName, "id">): string {
  return `zips/${id}.zip`;
}

/** Prefixes below which everything of a project lies, and perhaps something of others. */
export function prefixesOf(project: ProjectName): readonly string[] {
  return [canonicalPlace(project), oldPlace(project), zipPlace(project)];
}

export function isOf(project: ProjectName, key: string): boolean {
  return (
    key.startsWith(canonicalPlace(project)) ||
    key.startsWith(oldPlace(project)) ||
    key === zipPlace(project)
  );
}
