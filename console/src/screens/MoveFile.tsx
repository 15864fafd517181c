import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import { Trouble } from "../parts/states.tsx";

export function MoveFile({
  projectId,
  path,
  onClose,
}: {
  readonly projectId: string;
  readonly path: string;
  readonly onClose: () => void;
}) {
  const [to, setTo] = useState(path);
  const queryClient = useQueryClient();
  const move = useMutation({
    mutationFn: () => api.files.move(projectId, path, to.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["files", projectId] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Move the file" size="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="New path"
            description="Folders are the parts between slashes. Only the name changes, no byte moves."
            data-autofocus
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
          {move.error && <Trouble error={move.error} what="The file was not moved." />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              disabled={to.trim() === "" || to.trim() === path}
              loading={move.isPending}
            >
              Move
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
