#!/usr/bin/env bash
# A PostgreSQL server on 127.0.0.1 in a directory of its own. Prints "ready", then does what the lines
# of its stdin say, and ends when that does: its life line, so that it ends with whoever started it,
# however that happened. Then it removes its directory.
#
#   kill       the server dies at once, as by the kernel's hand; answered by "killed"
#   shut-down  the server says goodbye to its clients and ends in order; answered by "down"
#   start      it comes up again; answered by "ready"
#
# DIR            an empty directory of its own
# NATIVE         where bin/, lib/ and share/ of PostgreSQL are
# PORT           a free port
# SUPERUSER      its name and password
# PASSWORD
# SETTINGS       further settings, one NAME=VALUE a line
set -euo pipefail
: "${DIR:?}" "${NATIVE:?}" "${PORT:?}" "${SUPERUSER:?}" "${PASSWORD:?}"
PATIENCE_SECONDS=60
NOBODY=65534
server=
reader=

# Those who serve its clients outlive a server that is killed by a moment, in which they still answer.
gone() {
  wait "$server" 2>/dev/null || true
  wait "$reader" 2>/dev/null || true
  server=
}

finish() {
  local status=$?
  trap - EXIT
  # Nothing of it is kept, so it need not be left in order.
  if [[ -n $server ]]; then
    kill -QUIT "$server" 2>/dev/null || true
    gone
  fi
  if ((status != 0)); then tail -n 40 "$DIR"/*.log >&2 || true; fi
  rm -rf "$DIR"
  exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# PostgreSQL refuses to run as root. The kernel ends it should this shell be killed without a chance
# to do so itself, where there is a way to ask for that.
as_user=()
if command -v setpriv >/dev/null; then
  as_user=(setpriv)
  if ((EUID == 0)); then as_user+=("--reuid=$NOBODY" "--regid=$NOBODY" --clear-groups); fi
  as_user+=(--pdeathsig QUIT)
elif ((EUID == 0)); then
  echo "PostgreSQL does not run as root, and there is no 'setpriv' to be another user" >&2
  exit 1
fi
if ((EUID == 0)); then
  chown "$NOBODY:$NOBODY" "$DIR"
  # The checkout may lie where that user may not go.
  if ! "${as_user[@]}" test -x "$NATIVE/bin/postgres"; then
    cp -R "$NATIVE" "$DIR/native"
    chmod -R a+rX "$DIR/native"
    NATIVE="$DIR/native"
  fi
fi
cd "$DIR"
mkfifo "$DIR/output"

# As servers mostly are, words are sorted by a language's rules here: what must be sorted by bytes has
# to say so.
printf '%s\n' "$PASSWORD" >"$DIR/password"
if ((EUID == 0)); then chown "$NOBODY:$NOBODY" "$DIR/password"; fi
"${as_user[@]}" "$NATIVE/bin/initdb" -D "$DIR/data" --username="$SUPERUSER" \
  --pwfile="$DIR/password" --auth=scram-sha-256 --encoding=UTF8 --no-sync \
  --locale-provider=icu --icu-locale=en-US --locale=C >"$DIR/initdb.log" 2>&1
rm "$DIR/password"
# Enough against the death of processes; against that of the machine nothing needs to be kept.
cat >>"$DIR/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = ''
max_connections = 200
fsync = off
full_page_writes = off
shared_buffers = 64MB
logging_collector = off
END
while IFS='=' read -r name value; do
  if [[ -n $name ]]; then printf "%s = '%s'\n" "$name" "$value" >>"$DIR/data/postgresql.conf"; fi
done <<<"${SETTINGS:-}"

# Its first line is whose it is, the eighth a state that is written for those who wait. Read at once:
# one that was killed leaves its file behind.
is_ready() {
  local lines=()
  mapfile -t lines 2>/dev/null <"$DIR/data/postmaster.pid" || return 1
  [[ ${lines[0]:-} == "$server" && ${lines[7]:-} == ready* ]]
}

start() {
  local end=$((SECONDS + PATIENCE_SECONDS))
  while ((SECONDS < end)); do
    # The reader ends when the last of the server's processes has: each has inherited the other end.
    cat "$DIR/output" >>"$DIR/server.log" &
    reader=$!
    "${as_user[@]}" "$NATIVE/bin/postgres" -D "$DIR/data" </dev/null >"$DIR/output" 2>&1 &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
      if is_ready; then return; fi
      sleep 0.02
    done
    gone
    sleep 0.1
  done
  echo "the server did not come up within $PATIENCE_SECONDS s" >&2
  exit 1
}

end_with() {
  kill "-$1" "$server"
  gone
}

start
echo ready
while read -r command; do
  case $command in
    kill) end_with KILL; echo killed ;;
    shut-down) end_with INT; echo down ;;
    start) start; echo ready ;;
    *) echo "unknown: $command" ;;
  esac
done
