import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { CreateAuditJson } from "expunge/client";
import { api } from "./client.ts";

/** Begins an audit and goes to its screen. */
export function useStartAudit() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (input: CreateAuditJson) => api.audits.start(input),
    onSuccess: ({ id }) => navigate({ to: "/audit/$id", params: { id } }),
  });
}
