import { Alert, Badge, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { isExpungeClientError } from "expunge/client";
import type { ReactNode } from "react";
import { reasonOf } from "./reasons.ts";

/** Lines that stand where rows will be, so that nothing jumps. */
export function Loading({ what, rows = 6 }: { readonly what: string; readonly rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={44} />
      ))}
    </Stack>
  );
}

/** What went wrong, and what to do about it, as the service says it. */
export function Trouble({
  error,
  what,
  retry,
}: {
  readonly error: unknown;
  /** What did not happen, as a sentence. */
  readonly what: string;
  readonly retry?: (() => void) | undefined;
}) {
  const known = isExpungeClientError(error);
  const { message, remedy } = reasonOf(error);
  return (
    <Alert color="red" variant="light" title={what} role="alert">
      <Stack gap="xs">
        <Text size="sm">{message}</Text>
        {remedy !== "" && <Text size="sm">What to do: {remedy}</Text>}
        {known && error.requestId !== null && error.status >= 500 && (
          <Text size="sm">
            Whoever runs the service finds it in the log as request {error.requestId}.
          </Text>
        )}
        {retry && (
          <Group>
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="empty">
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed" maw={460}>
        {children}
      </Text>
      {action}
    </div>
  );
}

const COLORS: Readonly<Record<string, string>> = {
  active: "green",
  restored: "green",
  completed: "green",
  trashed: "yellow",
  deleting: "blue",
  verifying: "blue",
  deleted: "gray",
  blocked: "red",
  held: "grape",
  running: "blue",
};

const WORDS: Readonly<Record<string, string>> = {
  trashed: "in trash",
  completed: "deleted, verified",
  held: "on hold",
};

export function StateBadge({ state }: { readonly state: string }) {
  return (
    <Badge color={COLORS[state] ?? "gray"} variant="light" tt="none" fw={600} miw="max-content">
      {WORDS[state] ?? state}
    </Badge>
  );
}

/** The head of a screen. */
export function Head({
  title,
  children,
  actions,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <header className="head">
      <div className="head-text">
        <Title order={1} size="h2" className="breaks">
          {title}
        </Title>
        {children}
      </div>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </header>
  );
}
