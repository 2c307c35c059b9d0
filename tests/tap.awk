# TAP in, one line a result out: PASS, FAIL or SKIP, the program, what it was about; tabs between.
#	awk -v program=NAME -v status=EXIT-STATUS -f tap.awk LOG
# No plan, fewer or more tests than planned, "Bail out!" or a bad exit status are failures.
BEGIN { OFS = "\t"; planned = -1 }

/^1\.\.[0-9]+/ {
	planned = substr($1, 4) + 0
	if (planned == 0) {
		reason = $0
		sub(/^1\.\.0[ #]*(SKIP|skip)?[: ]*/, "", reason)
		print "SKIP", program, reason
	}
}

/^(not )?ok([ \t]|$)/ {
	seen++
	about = $0
	sub(/^(not )?ok[ \t]*/, "", about)
	if (/^ok.*# *(SKIP|skip)/) {
		print "SKIP", program, about
	} else if (/^ok/) {
		print "PASS", program, about
	} else {
		print "FAIL", program, about
		failed++
	}
}

/^Bail out!/ { print "FAIL", program, $0; failed++ }

END {
	if (planned < 0)
		print "FAIL", program, "ended without a plan (exit status " status ")"
	else if (planned != seen + 0)
		print "FAIL", program, planned " tests planned, " seen + 0 " seen (exit status " status ")"
	else if (status != 0 && !failed)
		print "FAIL", program, "exit status " status
}
