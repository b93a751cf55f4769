#!/bin/sh
# Becomes the media worker: with an environment of its own, and where we are root as another user. mediasoup would hand
# on all of the server's environment, secrets included. It must `exec`: mediasoup goes by the process id and the pipes.
#
#   WORKER   path of mediasoup-worker
#   ACCOUNT  user and group id to become; empty: stay who we are
#   RIGHTS   capabilities that the new user has, such as ,+net_bind_service

confined='setpriv --no-new-privs'
if [ -n "$ACCOUNT" ]; then
  confined="$confined --reuid=$ACCOUNT --regid=$ACCOUNT --clear-groups"
  for set in --bounding-set --inh-caps --ambient-caps; do confined="$confined $set=-all$RIGHTS"; done
fi
# Not every system has setpriv, and in some containers not even root may become somebody else.
$confined true 2>/dev/null || confined=

# In a folder that only root may enter, such as /root/.cache, the program is reached by its open file.
if ! $confined test -x "$WORKER"; then
  exec 5<"$WORKER"
  WORKER=/proc/self/fd/5
fi
exec $confined env -i MEDIASOUP_VERSION="$MEDIASOUP_VERSION" "$WORKER" "$@"
