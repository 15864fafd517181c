#!/usr/bin/env bash
# One node of Ceph with its S3 gateway on 127.0.0.1, whose objects live in memory. Prints "ready" and
# stays until its stdin ends: that is its life line, so that it ends with whoever started it, however
# that happened. Then it ends its daemons by their ids and removes its directory.
#
# DIR           an empty directory of its own
# MON_PORT      free ports; the storage daemon looks for its own
# S3_PORT
# MEMORY_GIB    how much the objects may take
# MAIN_KEYS     ACCESS_KEY_ID:SECRET of the user that tests work as
# OTHER_KEYS    the same of a user without rights to the first one's buckets
set -euo pipefail
: "${DIR:?}" "${MON_PORT:?}" "${S3_PORT:?}" "${MEMORY_GIB:?}" "${MAIN_KEYS:?}" "${OTHER_KEYS:?}"
export CEPH_CONF="$DIR/ceph.conf"
PATIENCE_SECONDS=120
daemons=()

finish() {
  local status=$?
  trap - EXIT
  # Nothing of it is kept, so nothing needs to be written down first.
  for pid in "${daemons[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in "${daemons[@]}"; do wait "$pid" 2>/dev/null || true; done
  if ((status != 0)); then tail -n 20 "$DIR"/*.log >&2 || true; fi
  rm -rf "$DIR"
  exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# The kernel ends a daemon should this shell be killed without a chance to do so itself.
daemon() {
  local name=$1
  shift
  setpriv --pdeathsig KILL "$@" -f </dev/null >>"$DIR/$name.log" 2>&1 &
  daemons+=($!)
}

until_true() {
  local what=$1 end=$((SECONDS + PATIENCE_SECONDS))
  shift
  until "$@" >/dev/null 2>&1; do
    for pid in "${daemons[@]}"; do
      kill -0 "$pid" 2>/dev/null || { echo "a daemon ended before $what" >&2; exit 1; }
    done
    ((SECONDS < end)) || { echo "$what: not within $PATIENCE_SECONDS s" >&2; exit 1; }
    sleep 0.05
  done
}

asks_monitor() { timeout 10 ceph osd stat; }
has_storage() { timeout 10 ceph osd stat | grep -q ' 1 up'; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$S3_PORT"); }

# Every step of the start is a proposal of the only monitor to itself: it need not be waited for by
# the second, as between several. That alone brings the start from 16 s to one.
fsid=$(cat /proc/sys/kernel/random/uuid)
mkdir "$DIR/mon" "$DIR/osd" "$DIR/rgw"
cat >"$CEPH_CONF" <<END
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$MON_PORT]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
keyring = $DIR/keyring
run dir = $DIR
admin socket =
pid file =
log file =
log to file = false
log to stderr = true
err to stderr = true
mon cluster log to file = false
mon cluster log to stderr = false
auth allow insecure global id reclaim = false
setuser match path = /nonexistent

paxos propose interval = 0.02
paxos min wait = 0.01
mon allow pool size one = true
mon data avail warn = 2
mon data avail crit = 1
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd enable op tracker = false

debug asok = 0/0
debug auth = 0/0
debug crush = 0/0
debug filestore = 0/0
debug finisher = 0/0
debug journal = 0/0
debug mon = 0/0
debug monc = 0/0
debug ms = 0/0
debug objclass = 0/0
debug objecter = 0/0
debug optracker = 0/0
debug osd = 0/0
debug paxos = 0/0
debug rados = 0/0
debug rgw = 0/0
debug rocksdb = 0/0
debug timer = 0/0
debug tp = 0/0

[mon.a]
mon data = $DIR/mon

[osd.0]
osd data = $DIR/osd
osd objectstore = memstore
memstore device bytes = $((MEMORY_GIB * 1024 * 1024 * 1024))

[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$S3_PORT tcp_nodelay=1
rgw data = $DIR/rgw
rgw dns name = localhost
rgw thread pool size = 128
rgw dynamic resharding = false
rgw enable ops log = false
rgw enable usage log = false
# Memory of removed objects comes back within minutes, not hours.
rgw gc obj min wait = 60
rgw gc processor period = 60
rgw gc processor max time = 60
END

ceph-authtool --create-keyring "$DIR/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin osd.0 client.rgw.a; do
  ceph-authtool "$DIR/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' >/dev/null
done
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$MON_PORT]" "$DIR/monmap" >/dev/null
ceph-mon -i a --mkfs --monmap "$DIR/monmap" --keyring "$DIR/keyring"
daemon mon ceph-mon -i a
until_true "the monitor answers" asks_monitor

# The monitor ignores a storage daemon with another uuid than the one that it was told.
uuid=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$uuid" 0 >/dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >"$DIR/osd.log" 2>&1
daemon osd ceph-osd -i 0
until_true "the storage daemon is up" has_storage

daemon rgw radosgw -n client.rgw.a
until_true "the S3 gateway listens" listens

# Without the bound of 1,000 buckets.
user() {
  timeout "$PATIENCE_SECONDS" radosgw-admin user create --uid="$1" --display-name="$1" \
    --access-key="${2%%:*}" --secret-key="${2#*:}" --max-buckets=0 >/dev/null
}
user main "$MAIN_KEYS"
user other "$OTHER_KEYS"

echo ready
while read -r _; do :; done
