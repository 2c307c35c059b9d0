#!/bin/sh
# Prints the template of translations: po/extract.sh SOURCE-FOLDER. From every source below src
# that marks a string; without dates and line numbers, so that it changes only when a string does.
cd "$1" || exit 1
grep -rlE --include='*.[ch]' '(^|[^A-Za-z0-9_])(_|N_|P_)\(("|$)' src | LC_ALL=C sort |
	${XGETTEXT:-xgettext} --files-from=- --from-code=UTF-8 --language=C \
	--keyword=_ --keyword=N_ --keyword=P_:1,2 \
	--flag=_:1:pass-c-format --flag=N_:1:pass-c-format --flag=P_:1:pass-c-format \
	--flag=P_:2:pass-c-format --add-comments=TRANSLATORS: --add-location=file \
	--package-name=flowtop --copyright-holder='the flowtop authors' \
	--no-wrap --output=- |
	sed '/^"POT-Creation-Date:/d; /^"Report-Msgid-Bugs-To:/d; s/ YEAR the/ the/; s/^# SOME DESCRIPTIVE TITLE\./# Template of flowtop'\''s translations, made by "make update-pot"./; /^# FIRST AUTHOR/d'
