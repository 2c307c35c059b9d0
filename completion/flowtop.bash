# bash completion for flowtop -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Options and their values; the test holds them against flowtop --help. Words that are no options
# are the display filter.

_flowtop()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev='' option=''
	local long='--interface --capture-filter --local --read --speed --diff --write --keep --export
		--batch --count --until --limit --output --header --raw
		--interval --window --sort --pane --numeric --numeric-ports --resolve --unit --si
		--iec --layer --ipv4 --ipv6 --pid --promiscuous --backend --docker-socket --max-flows --readonly
		--no-mouse --no-color --color --ascii --config --list-interfaces --doctor --help
		--version'
	local short='-i -f -F -r -w -b -c -L -o -d -t -s -n -N -u -4 -6 -P -p -D -h -V'
	local words='and or not host net port portrange src dst local remote tcp udp icmp sctp
		proto ip ip6 vlan iface observer process pid user container state rate bytes packets total
		age rtt'

	COMPREPLY=()
	((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}
	# bash splits --unit=by into three words, or leaves it as one.
	if [[ $cur == --*=* ]]; then
		option=${cur%%=*}
		cur=${cur#*=}
	elif [[ $cur == = ]]; then
		option=$prev
		cur=''
	elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	else
		option=$prev
	fi

	case $option in
	-i | --interface)
		local before='' last=$cur
		if [[ $cur == *,* ]]; then
			before=${cur%,*},
			last=${cur##*,}
		fi
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "any $(command ls /sys/class/net \
			2>/dev/null)" -- "$last")
		return
		;;
	-r | --read | -w | --write | --diff | --config | --docker-socket)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--export)
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W 'ipfix:// ipfix+tcp:// openmetrics:// ndjson:/// ndjson+unix:///
			zmq:// zmq+connect:// clickhouse:// clickhouses://' -- "$cur")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W 'text json ndjson csv' -- "$cur")
		return
		;;
	--header)
		mapfile -t COMPREPLY < <(compgen -W 'always once never' -- "$cur")
		return
		;;
	-t | --window)
		mapfile -t COMPREPLY < <(compgen -W '2 10 40' -- "$cur")
		return
		;;
	-u | --unit)
		mapfile -t COMPREPLY < <(compgen -W 'bits bytes packets' -- "$cur")
		return
		;;
	-P | --pid)
		mapfile -t COMPREPLY < <(cd /proc && compgen -G '[0-9]*' | command grep "^$cur")
		return
		;;
	--pane)
		mapfile -t COMPREPLY < <(compgen -W 'flows talkers processes sockets events health all' -- "$cur")
		return
		;;
	--layer)
		mapfile -t COMPREPLY < <(compgen -W '2 3' -- "$cur")
		return
		;;
	--backend)
		mapfile -t COMPREPLY < <(compgen -W 'auto tcx tc packet' -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto never' -- "$cur")
		return
		;;
	-f | --capture-filter | -F | --local | -c | --count | -L | --limit | -d | --interval | \
		-s | --sort | --max-flows | --speed | --keep | --until)
		return
		;;
	esac

	case $cur in
	--*)
		mapfile -t COMPREPLY < <(compgen -W "$long" -- "$cur")
		;;
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$short $long" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		;;
	esac
}

complete -F _flowtop flowtop
