/** Where the service gives this file to whoever is signed in. */
export function linkOf(projectId: string, path: string): string {
  const segments = path.split("/").map((segment) => encodeURIComponent(segment));
  return `/v1/projects/${encodeURIComponent(projectId)}/files/${segments.join("/")}`;
}
