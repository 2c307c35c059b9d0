#!/usr/bin/env bash
# A process in a container of runc's, with namespaces of its own: it is found by its pid here, with
# runtime, id and name of the container; of one that is gone before its flow is shown too.
. "$(dirname "$0")/lib.sh"
export FT_PANE=all

need_runc

ns_pair a b

# box NAME HOLD PORT: runs ftsock in a container in namespace a.
box() { in_box a "$1" /build/tests/live/tools/ftsock udp-unconnected "$3" "$2" >"$work/$1.want" 2>"$work/$1.err" </dev/null; }

box ft-probe-$$ 0 9990 || skip_all "runc runs no container here: $(head -c 300 "$work/ft-probe-$$.err")"
ft_start one a -i v0 -d 3
box ft-long-$$ 2000 10010
ok "the container ran" [ $? -eq 0 ]
box ft-short-$$ 1000 10020 # longer than flowtop takes to read the news, shorter than an interval
ok "the short one too" [ $? -eq 0 ]
ft_rounds one 1
ft_stop one
for port in 10010 10020; do
	case $port in 10010) name=ft-long-$$ ;; *) name=ft-short-$$ ;; esac
	is "$(ft_jq one "map(select(.type == \"flow\" and .local.port == $port)) | last | .local |
		\"\\(.owner) \\(.process.name) \\(.container.runtime) \\(.container.id) \\(.container.name)\"")" \
		"process ftsock runc $name $name" "port $port: process and container"
	ok "port $port: its pid is that of this machine" \
		[ "$(ft_jq one "map(select(.type == \"flow\" and .local.port == $port)) | last | .local.process.pid")" -gt 50 ]
	is "$(ft_jq one "map(select(.type == \"flow\" and .local.port == $port)) | last | .local.process.cgroup | endswith(\"/$name\")")" \
		true "port $port: its cgroup"
done
is "$(ft_jq one "map(select(.type == \"process\" and .container.name == \"ft-long-$$\")) | last | .process.name")" \
	ftsock "the process pane names the container"
done_testing
