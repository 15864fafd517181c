import { Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";

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
      <ChangeForm
        change={move}
        trouble="The file was not moved."
        submit="Move"
        isReady={to.trim() !== "" && to.trim() !== path}
        onCancel={onClose}
      >
        <TextInput
          label="New path"
          description="Folders are the parts between slashes. Only the name changes, no byte moves."
          data-autofocus
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </ChangeForm>
    </Modal>
  );
}
