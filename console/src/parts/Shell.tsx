import { Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { Suspense, useEffect, useRef } from "react";
import { api } from "../api/client.ts";
import { sessionQuery, useRights } from "../api/session.ts";
import icon from "../icon.svg";
import { SignIn } from "../screens/SignIn.tsx";
import { Loading, Trouble } from "./states.tsx";

const LINKS = [
  { to: "/", label: "Projects" },
  { to: "/deletions", label: "Deletions" },
] as const;
const ADMIN_LINKS = [
  { to: "/audit", label: "Audit" },
  { to: "/doctor", label: "Doctor" },
  { to: "/tokens", label: "Tokens" },
  { to: "/settings", label: "Settings" },
] as const;

/** What is around every screen, or the way in for whoever is not signed in. */
export function Shell() {
  const session = useQuery(sessionQuery);
  if (session.isPending) {
    return (
      <main className="main">
        <Loading what="the console" />
      </main>
    );
  }
  if (session.error !== null && session.data === undefined) {
    const retry = (): void => void session.refetch();
    return (
      <main className="main">
        <Trouble error={session.error} what="The service does not answer." retry={retry} />
      </main>
    );
  }
  return session.data === null || session.data === undefined ? (
    <SignIn />
  ) : (
    <Frame owner={session.data.owner} />
  );
}

function Frame({ owner }: { readonly owner: string }) {
  const { isAdmin } = useRights();
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    // Whoever does not see the screen change is taken to the new one.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="side">
        <div className="brand">
          <img src={icon} alt="" width={26} height={26} />
          expunge
        </div>
        <nav aria-label="Screens">
          {[...LINKS, ...(isAdmin ? ADMIN_LINKS : [])].map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === "/" }}
              {...(to === "/" && pathname.startsWith("/projects/")
                ? { "aria-current": "page" as const }
                : {})}
            >
              {label}
            </Link>
          ))}
        </nav>
        <SideEnd owner={owner} />
      </div>
      <main id="main" className="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading what="the screen" />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}

function SideEnd({ owner }: { readonly owner: string }) {
  const queryClient = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const signOut = async (): Promise<void> => {
    await api.sessions.signOut();
    queryClient.clear();
    await queryClient.invalidateQueries();
    globalThis.location.assign("/");
  };
  return (
    <div className="side-end">
      <span className="side-who">
        Signed in as <b className="breaks">{owner}</b>
      </span>
      <Button
        variant="default"
        size="xs"
        onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
      >
        {scheme === "dark" ? "Light" : "Dark"} colours
      </Button>
      <Button variant="default" size="xs" onClick={() => void signOut()}>
        Sign out
      </Button>
    </div>
  );
}
