#!/usr/bin/env bash
# Runs a script on ranks in two network namespaces, each with an address of its own, as two machines have.
# Compares the saved points with those of a run without mpirun, and prints times and bytes.
# Needs root, iproute2 and Open MPI.
#
#   tests/mpi/two_networks.sh PROGRAM SCRIPT [RANKS [RATE]]
#
# RATE limits the connection, for example to 1gbit.
set -euo pipefail
program=$(realpath "$1") script=$(realpath "$2") ranks=${3:-4} rate=${4:-}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
leave() { ip netns delete sdflow1; ip netns delete sdflow2; rm -r "$work"; }
trap leave EXIT
ip netns add sdflow1
ip netns add sdflow2
ip link add link1 netns sdflow1 type veth peer name link2 netns sdflow2
for side in 1 2; do
  ip -n sdflow$side address add 10.9.0.$side/24 dev link$side
  ip -n sdflow$side link set lo up
  ip -n sdflow$side link set link$side up
  [ -z "$rate" ] || tc -n sdflow$side qdisc add dev link$side root tbf rate "$rate" burst 256kb latency 50ms
done
# What mpirun calls to start processes on the other machine: the host comes first, then the command.
printf '#!/usr/bin/env bash\nshift\nexec ip netns exec sdflow2 bash -c "$*"\n' >"$work/remote"
chmod +x "$work/remote"
cd "$work"
"$program" run "$script" --out alone --no-report --quiet
ip netns exec sdflow1 mpirun --quiet --oversubscribe --bind-to none -n "$ranks" --map-by node --host "10.9.0.1:$ranks,10.9.0.2:$ranks" \
  --mca plm_rsh_agent "$work/remote" --mca btl tcp,self --mca btl_tcp_if_include 10.9.0.0/24 --mca oob_tcp_if_include 10.9.0.0/24 \
  "$program" run "$script" --out shared --no-report --quiet
cmp <(cd alone/samples && cat ./*.npy) <(cd shared/samples && cat ./*.npy)
echo "the bytes are those of a run without mpirun"
grep -o '"flow": [0-9.]*' alone/run.json shared/run.json
ip -n sdflow2 -s link show link2 | awk '/RX/ { getline; print "bytes to the second machine:", $1 } /TX/ { getline; print "bytes from it:", $1 }'
