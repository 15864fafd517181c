import { Alert, Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import { counted } from "../parts/format.ts";
import { Head, Loading, Trouble } from "../parts/states.tsx";

/** Screen 6: each check with its result, and what to do about it. */
export function Doctor() {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["doctor"],
    queryFn: ({ signal }) => api.service.doctor({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const again = (
    <Button variant="default" loading={isFetching} onClick={() => void refetch()}>
      Check again
    </Button>
  );
  const bad = data?.checks.filter(({ ok }) => ok === false) ?? [];
  return (
    <>
      <Head title="Doctor" actions={data && again}>
        <Text c="dimmed" size="sm">
          Checks that deletions will work: it makes a few small objects in the store and removes
          them.
        </Text>
      </Head>
      {data === undefined ? (
        error ? (
          <Trouble error={error} what="The checks did not run." retry={() => void refetch()} />
        ) : (
          <Loading what="the checks" />
        )
      ) : (
        <Stack>
          <Alert
            color={bad.length === 0 ? "green" : "red"}
            title={bad.length === 0 ? "No problem found" : `${counted(bad.length, "check")} failed`}
            role="status"
          >
            {counted(data.checks.length, "check")} ran
            {bad.length > 0 && "; below each stands what to do"}.
          </Alert>
          <ul className="checks card">
            {data.checks.map(({ name, ok, detail, remedy }) => (
              <li key={name}>
                <span
                  className="mark"
                  data-state={ok === false ? "bad" : ok ? "done" : "next"}
                  aria-hidden="true"
                >
                  {ok === false ? "!" : ok ? "✓" : "–"}
                </span>
                <div>
                  <Text fw={600} size="sm">
                    {name.replaceAll("-", " ")}{" "}
                    <span className="hidden-text">
                      {ok === false ? "failed" : ok ? "passed" : "does not apply"}
                    </span>
                  </Text>
                  <Text size="sm" c="dimmed" className="breaks">
                    {detail}
                  </Text>
                  {remedy !== null && (
                    <Text size="sm" className="breaks">
                      What to do: {remedy}
                    </Text>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </>
  );
}
