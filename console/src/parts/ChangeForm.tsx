import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Trouble } from "./states.tsx";

/** A form that makes one change, when its button is pressed or by Enter, and says where it failed. */
export function ChangeForm({
  change,
  trouble,
  submit,
  cancel = "Cancel",
  color,
  isReady,
  onCancel,
  children,
}: {
  readonly change: {
    readonly mutate: () => void;
    readonly error: Error | null;
    readonly isPending: boolean;
  };
  /** What did not happen, where it failed. */
  readonly trouble: string;
  readonly submit: string;
  readonly cancel?: string;
  readonly color?: "red";
  readonly isReady: boolean;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <Stack>
        {children}
        {change.error && <Trouble error={change.error} what={trouble} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {cancel}
          </Button>
          <Button
            type="submit"
            {...(color === undefined ? {} : { color })}
            disabled={!isReady}
            loading={change.isPending}
          >
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
