import { Button, Modal, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ProjectJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";

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
        <ChangeForm
          change={change}
          trouble="Nothing was changed."
          submit={verb}
          isReady={hold !== null || reason.trim() !== ""}
          onCancel={() => setOpen(false)}
        >
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
        </ChangeForm>
      </Modal>
    </>
  );
}
