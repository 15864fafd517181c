import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { AuditJson, CreateAuditJson } from "expunge/client";
import { api } from "./client.ts";

/** Begins an audit and goes to its screen. */
export function useStartAudit() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (input: CreateAuditJson) => api.audits.start(input),
    onSuccess: ({ id }) => navigate({ to: "/audit/$id", params: { id } }),
  });
}

/** How many differences it found, of all kinds. */
export function differencesOf(audit: AuditJson): number {
  const { orphans, dangling, mismatched, residueOfDeleted, staleUploads, foreign } = audit;
  return orphans + dangling + mismatched + residueOfDeleted + staleUploads + foreign;
}
