#!/bin/sh
# Becomes the media worker: with an environment of its own, and where we are root as another user. mediasoup would hand
# on all of the server's environment, secrets included. It must `exec`: mediasoup goes by the process id and the pipes.
#
#   WORKER   path of mediasoup-worker
#   ACCOUNT  user and group id to become; empty: stay who we are
#   RIGHTS   capabilities that the new user has, such as ,+net_bind_service

user= rights=
if [ -n "$ACCOUNT" ]; then
  user="--reuid=$ACCOUNT --regid=$ACCOUNT --clear-groups"
  for set in --bounding-set --inh-caps --ambient-caps; do rights="$rights $set=-all$RIGHTS"; done
fi

# Not every system has setpriv, and in some containers root may not change its capabilities, or not become another user.
confined=
for way in "$user $rights" "$user" ''; do
  setpriv --no-new-privs $way true 2>/dev/null || continue
  confined="setpriv --no-new-privs $way"
  break
done

# In a folder that only root may enter, such as /root/.cache, the program is reached by its open file.
if ! $confined test -x "$WORKER"; then
  exec 5<"$WORKER"
  WORKER=/proc/self/fd/5
fi
exec $confined env -i MEDIASOUP_VERSION="$MEDIASOUP_VERSION" "$WORKER" "$@"
