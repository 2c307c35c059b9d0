# SPDX-License-Identifier: GPL-2.0-or-later
# What bench/compare measured, as text. Input: a line a round,
#	load tool packets% bytes% packets%-at-full-speed bytes%-at-full-speed cpu-s/M MiB ns [why]
# "-" where nothing is known, and then why behind it: absent, failed. Variables: loads, tools (lists
# with commas), mode:
#	table   Markdown, medians over the rounds; the slow-down is against the tool "none"
#	peers   where which peer is better than flowtop-tcx, a line each peer and thing
#	points  flows, cpu, lost % at full speed of one `tool`, for the plot
function median(list, n, i, j, a, t) {
	n = split(list, a, " ")
	if (!n)
		return "-"
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) {
			t = a[j]
			a[j] = a[j - 1]
			a[j - 1] = t
		}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
function value(load, tool, field) { return median(seen[load, tool, field]) }
function slow(load, tool, took, base) {
	took = value(load, tool, 9)
	base = value(load, "none", 9)
	return took == "-" || base == "-" ? "-" : sprintf("%.0f", (took / base - 1) * 100)
}
function round_to(x, format) { return x == "-" ? x : sprintf(format, x) }
# A share is not 100 unless nothing is missing.
function share(x) {
	if (x == "-")
		return x
	if (x < 100 && x >= 99.995)
		return "99.99"
	return x == 100 ? "100" : sprintf(x < 10 ? "%.2f" : "%.1f", x)
}
function row(load, tool) {
	printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", load, tool, share(value(load, tool, 3)),
		share(value(load, tool, 4)), share(value(load, tool, 5)), share(value(load, tool, 6)),
		round_to(value(load, tool, 7), "%.3f"), round_to(value(load, tool, 8), "%.1f"), slow(load, tool)
}
# Notes it where a peer needs less of something, by a tenth at least; `least`: what is nothing.
function compare(load, tool, field, what, least, theirs, ours) {
	theirs = field == 9 ? slow(load, tool) : value(load, tool, field)
	ours = field == 9 ? slow(load, "flowtop-tcx") : value(load, "flowtop-tcx", field)
	if (theirs == "-" || ours == "-" || theirs + least >= ours + 0 || theirs + 0 >= ours * 0.9)
		return
	better[tool, what] = better[tool, what] (better[tool, what] == "" ? "" : "; ") \
		sprintf("%s %.3g against %.3g", load, theirs, ours)
}
BEGIN {
	flows["flows1"] = 1
	flows["flows1k"] = 1000
	flows["flows32k"] = 32000
	flows["flows1m"] = 1000000
}
{
	for (i = 3; i <= 9; i++)
		if ($i != "-")
			seen[$1, $2, i] = seen[$1, $2, i] " " $i
	ran[$1, $2] = 1
	if ($10 != "")
		why[$1, $2] = $10 == "absent" ? "not here" : "does not run here"
}
END {
	count = split(loads, load, ",")
	n = split(tools, tool, ",")
	if (mode == "table") {
		print "| load | tool | packets % | bytes % | at full speed: packets % | bytes % | CPU s/M packets | MiB | slow-down % |"
		print "|---|---|--:|--:|--:|--:|--:|--:|--:|"
	}
	for (i = 1; i <= count; i++)
		for (j = 1; j <= n; j++) {
			if (tool[j] == "none" || !((load[i], tool[j]) in ran))
				continue
			if (mode == "table" && value(load[i], tool[j], 7) == "-")
				printf "| %s | %s | %s | | | | | | |\n", load[i], tool[j], why[load[i], tool[j]]
			else if (mode == "table")
				row(load[i], tool[j])
			else if (mode == "peers" && tool[j] !~ /^flowtop/) {
				compare(load[i], tool[j], 7, what[1] = "CPU, seconds a million packets", 0.02)
				compare(load[i], tool[j], 8, what[2] = "memory, MiB", 1)
				compare(load[i], tool[j], 9, what[3] = "slow-down, %", 5)
			}
		}
	for (j = 1; mode == "peers" && j <= n; j++)
		for (i = 1; i <= 3; i++)
			if (better[tool[j], what[i]] != "")
				printf "- %s, %s: %s\n", tool[j], what[i], better[tool[j], what[i]]
	for (i = 1; mode == "points" && i <= count; i++) {
		if (!(load[i] in flows))
			continue
		known = value(load[i], only, 5)
		if (known == "-")
			known = value(load[i], only, 6)
		cpu = value(load[i], only, 7)
		if (cpu != "-")
			print flows[load[i]], (cpu < 0.001 ? 0.001 : cpu),
				(known == "-" ? "NaN" : known > 100 ? 0 : 100 - known)
	}
}
