import { Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";

const GIGABYTE = 1e9;

export function CreateProject({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [quota, setQuota] = useState("");
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const gigabytes = Number(quota);
  const isQuota = quota.trim() === "" || (Number.isFinite(gigabytes) && gigabytes > 0);
  const create = useMutation({
    mutationFn: () =>
      api.projects.create({
        name: name.trim(),
        ...(quota.trim() === "" ? {} : { quotaBytes: Math.round(gigabytes * GIGABYTE) }),
      }),
    onSuccess: async ({ id }) => {
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
      onClose();
      await navigate({ to: "/projects/$id", params: { id } });
    },
  });
  return (
    <Modal opened={isOpen} onClose={onClose} title="New project" size="md">
      <ChangeForm
        change={create}
        trouble="The project was not made."
        submit="Make the project"
        isReady={name.trim() !== "" && isQuota}
        onCancel={onClose}
      >
        <TextInput
          label="Name"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Limit in gigabytes"
          description="Uploads beyond it are refused. Leave it empty for no limit."
          inputMode="decimal"
          value={quota}
          error={isQuota ? null : "Write a number above 0, such as 2.5, or leave it empty."}
          onChange={(event) => setQuota(event.currentTarget.value)}
        />
      </ChangeForm>
    </Modal>
  );
}
