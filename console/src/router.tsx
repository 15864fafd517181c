import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
} from "@tanstack/react-router";
import { Empty } from "./parts/states.tsx";
import { Shell } from "./parts/Shell.tsx";
import { Projects } from "./screens/Projects.tsx";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty title="There is no such screen" action={<Link to="/">Go to the projects</Link>}>
      The address may be old or mistyped.
    </Empty>
  ),
});

/** What is not on the first screen is loaded when it is asked for. */
const screens = [
  createRoute({ getParentRoute: () => root, path: "/", component: Projects }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$id",
    component: lazyRouteComponent(() => import("./screens/Project.tsx"), "ProjectScreen"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/deletions",
    component: lazyRouteComponent(() => import("./screens/Deletions.tsx"), "Deletions"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/deletions/$id",
    component: lazyRouteComponent(() => import("./screens/Deletion.tsx"), "DeletionScreen"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit",
    component: lazyRouteComponent(() => import("./screens/Audit.tsx"), "AuditStart"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit/$id",
    component: lazyRouteComponent(() => import("./screens/Audit.tsx"), "AuditScreen"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/doctor",
    component: lazyRouteComponent(() => import("./screens/Doctor.tsx"), "Doctor"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/tokens",
    component: lazyRouteComponent(() => import("./screens/Tokens.tsx"), "Tokens"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/settings",
    component: lazyRouteComponent(() => import("./screens/Settings.tsx"), "Settings"),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(screens),
  // Restoring it is done by a script in the page, which the policy forbids.
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
