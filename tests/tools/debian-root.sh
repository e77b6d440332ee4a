#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Another Debian release in a folder, for tests against programs that this machine's own release lacks.
#
#   debian-root.sh make SUITE FOLDER [PACKAGE...]    make it where it is missing, add what is missing
#   debian-root.sh run FOLDER [--see FOLDER]... COMMAND [ARGUMENT...]
#
# `run` gives the command namespaces of its own for mounts and processes: nothing stays mounted and
# nothing goes on running once it, or this script, is gone, however it went. The network is the
# machine's own. Each folder given with --see is there under its own path.
#
# Exit status 77: this machine cannot (not root, no mmdebstrap, no Debian mirror that answers); the
# reason is the last line on standard error.
set -euo pipefail

cannot() { printf '%s\n' "$*" >&2; exit 77; }

need_root() {
  [ "$(id -u)" = 0 ] || cannot "a Debian root needs root"
  command -v unshare >/dev/null || cannot "unshare is not installed (util-linux)"
  local answer
  # Not so inside another root or a container without that right
  answer=$(unshare --mount --pid --fork true 2>&1) || cannot "no mounts of our own can be made here ($answer)"
}

# The mirror that this machine's apt uses for Debian itself
mirror() {
  # shellcheck disable=SC2016  # apt fills in $(REPO_URI)
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null |
    sort -u | head -n 1
}

# Runs inside the new namespaces: $1 the root, $2 how many folders follow, then those, then the command
enter() {
  local root=$1 folders=$2 folder
  shift 2
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  for ((; folders > 0; folders--)); do
    folder=$1
    shift
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
  done
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

run() {
  local root folders=()
  root=$(realpath "$1")
  shift
  while [ "${1:-}" = --see ]; do
    folders+=("$(realpath "$2")")
    shift 2
  done
  need_root
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
  exec unshare --mount --pid --fork --kill-child -- \
    bash "$(realpath "$0")" enter "$root" "${#folders[@]}" "${folders[@]}" "$@"
}

missing() {
  local root=$1 package
  shift
  for package in "$@"; do
    [ "$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s\n' "$package"
  done
}

make() {
  local suite=$1 root=$2 wanted from
  shift 2
  need_root
  command -v mmdebstrap >/dev/null || cannot "mmdebstrap is not installed"
  mkdir -p "$root"
  root=$(realpath "$root")
  exec 9>"$root.lock"
  flock 9
  if [ ! -e "$root/etc/debian_version" ]; then
    from=$(mirror)
    [ -n "$from" ] || cannot "apt on this machine names no Debian mirror"
    rm -rf --one-file-system "$root.part"
    # An archive of past states is as good: its release files are older than their validity says
    mmdebstrap --variant=apt --skip=check/qemu --aptopt='Acquire::Check-Valid-Until "false"' \
      "$suite" "$root.part" "$from" >"$root.log" 2>&1 9>&- ||
      cannot "mmdebstrap could not make $suite from $from ($(grep -m 1 -E '^E:|error' "$root.log"))"
    rmdir "$root"
    mv "$root.part" "$root"
  fi
  mapfile -t wanted < <(missing "$root" "$@")
  [ ${#wanted[@]} -gt 0 ] || return 0
  # shellcheck disable=SC2016  # the inner shell's own "$@"
  bash "$0" run "$root" sh -c 'apt-get update -q && apt-get install -y -q --no-install-recommends "$@" && apt-get clean' \
    sh "${wanted[@]}" >"$root.log" 2>&1 9>&- ||
    cannot "$suite: apt could not install ${wanted[*]} ($(grep -m 1 '^E:' "$root.log"))"
}

case ${1:-} in
  make) [ $# -ge 3 ] || exit 2; shift; make "$@" ;;
  run) [ $# -ge 3 ] || exit 2; shift; run "$@" ;;
  enter) shift; enter "$@" ;;
  *) sed -n '3,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
