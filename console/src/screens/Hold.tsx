import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ProjectJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { Trouble } from "../parts/states.tsx";

/** Places or releases a hold. */
export function Hold({ project: { id, hold } }: { readonly project: ProjectJson }) {
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: async () => {
      if (hold) await api.holds.release(id);
      else await api.holds.place(id, reason.trim());
    },
    onSuccess: async () => {
      setOpen(false);
      await queryClient.invalidateQueries();
    },
  });
  const verb = hold ? "Release the hold" : "Place a hold";
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {verb} ...
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title={verb} size="md">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate();
          }}
        >
          <Stack>
            <Text size="sm">
              {hold
                ? "Afterwards the project can be deleted again. If its deletion is overdue, at least an hour remains to undo it."
                : "While it is on hold nobody can delete the project, or delete, replace or move its files."}
            </Text>
            {!hold && (
              <TextInput
                label="Reason"
                description="Shown to everybody who sees the project."
                required
                data-autofocus
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
              />
            )}
            {change.error && <Trouble error={change.error} what="Nothing was changed." />}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setOpen(false)}>
                Cancel
              </Button>
              <Button
                type="submit"
                disabled={!hold && reason.trim() === ""}
                loading={change.isPending}
              >
                {verb}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
