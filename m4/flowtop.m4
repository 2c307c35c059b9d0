# Macros of this project. Each says what it sets.

# FT_WARNING([-Wfoo]...)
# Appends each warning that $CC knows to WARN_CFLAGS, one probe a warning: gcc takes an unknown
# -Wno-foo silently, so -Werror and the positive form decide.
AC_DEFUN([FT_WARNINGS], [
  AC_LANG_PUSH([C])
  ft_save_cflags=$CFLAGS
  m4_foreach_w([ft_flag], [$1], [
    AC_CACHE_CHECK([whether $CC takes ]ft_flag,
      AS_TR_SH([ft_cv_flag_]ft_flag), [
      CFLAGS="$ft_save_cflags -Werror ft_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
        [AS_TR_SH([ft_cv_flag_]ft_flag)=yes],
        [AS_TR_SH([ft_cv_flag_]ft_flag)=no])
    ])
    AS_IF([test "$AS_TR_SH([ft_cv_flag_]ft_flag)" = yes],
      [WARN_CFLAGS="$WARN_CFLAGS ft_flag"])
  ])
  CFLAGS=$ft_save_cflags
  AC_LANG_POP([C])
])

# FT_HARDENING
# Sets HARDEN_CPPFLAGS, HARDEN_CFLAGS and HARDEN_LDFLAGS to what the compiler and the linker know of
# the usual: canaries, checked string functions, no fixed addresses, nothing writable that needn't
# be. Checked functions need an optimiser, and sanitizers have checks of their own.
AC_DEFUN([FT_HARDENING], [
  AC_LANG_PUSH([C])
  ft_save_cflags=$CFLAGS
  ft_save_ldflags=$LDFLAGS
  m4_foreach_w([ft_flag], [-fstack-protector-strong -fstack-clash-protection
    -fcf-protection=full -mbranch-protection=standard -fPIE], [
    AC_CACHE_CHECK([whether $CC takes ]ft_flag,
      AS_TR_SH([ft_cv_flag_]ft_flag), [
      CFLAGS="$ft_save_cflags -Werror ft_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
        [AS_TR_SH([ft_cv_flag_]ft_flag)=yes],
        [AS_TR_SH([ft_cv_flag_]ft_flag)=no])
    ])
    AS_IF([test "$AS_TR_SH([ft_cv_flag_]ft_flag)" = yes],
      [HARDEN_CFLAGS="$HARDEN_CFLAGS ft_flag"])
  ])
  CFLAGS="$ft_save_cflags $HARDEN_CFLAGS"
  m4_foreach_w([ft_word], [pie relro now noexecstack], [
    AC_CACHE_CHECK([whether the linker knows ]ft_word, [ft_cv_ld_]ft_word, [
      LDFLAGS="$ft_save_ldflags -Werror m4_if(ft_word, [pie], [-pie], [[-Wl,-z,]ft_word])"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [[ft_cv_ld_]ft_word=yes],
        [[ft_cv_ld_]ft_word=no])
    ])
    AS_IF([test "$[ft_cv_ld_]ft_word" = yes],
      [HARDEN_LDFLAGS="$HARDEN_LDFLAGS m4_if(ft_word, [pie], [-pie], [[-Wl,-z,]ft_word])"])
  ])
  LDFLAGS=$ft_save_ldflags
  CFLAGS=$ft_save_cflags
  AS_IF([test -z "$SANITIZE_FLAGS"], [
    AC_CACHE_CHECK([which level of _FORTIFY_SOURCE $CC $CFLAGS takes], [ft_cv_fortify], [
      ft_cv_fortify=no
      for ft_level in 3 2; do
        CFLAGS="$ft_save_cflags -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$ft_level"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>
          #if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL < 1
          #error no checked functions
          #endif]], [])],
          [ft_cv_fortify=$ft_level; break])
      done
      CFLAGS=$ft_save_cflags
    ])
    AS_IF([test "$ft_cv_fortify" != no], [
      HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$ft_cv_fortify"
      AC_DEFINE([FORTIFIED], [1], [Define to 1 when string functions are checked ones.])
    ])
  ])
  AC_LANG_POP([C])
])

# FT_PROG_BPF
# Sets CLANG, BPFTOOL and BPF_SYS_INCLUDES; an error with the remedy if one does not work.
# clang for the BPF target does not search Debian's multiarch folders: it is asked once for
# those of its native target.
AC_DEFUN([FT_PROG_BPF], [
  AC_ARG_VAR([CLANG], [clang that compiles for the BPF target])
  AC_ARG_VAR([BPFTOOL], [bpftool that generates skeletons])
  AC_ARG_VAR([BPF_CFLAGS], [flags for BPF programs @<:@-O2 -g -Wall -Wextra -Werror@:>@])
  : "${BPF_CFLAGS=-O2 -g -Wall -Wextra -Werror}"
  AC_PATH_PROGS([CLANG], [clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14])
  AC_PATH_PROG([BPFTOOL], [bpftool], [], [$PATH$PATH_SEPARATOR/usr/sbin$PATH_SEPARATOR/sbin])
  AS_IF([test -z "$CLANG"],
    [AC_MSG_ERROR([clang is needed for the BPF programs (Debian: clang); or --disable-bpf])])
  AS_IF([test -z "$BPFTOOL"],
    [AC_MSG_ERROR([bpftool is needed for BPF skeletons (Debian: bpftool); or --disable-bpf])])

  AC_CACHE_CHECK([for clang's system include folders], [ft_cv_bpf_includes], [
    ft_cv_bpf_includes=`"$CLANG" -v -E - </dev/null 2>&1 | sed -n \
      '/<...> search starts here:/,/End of search list/{ s|^ \(/.*\)|-idirafter \1|p; }' |
      tr '\n' ' '`
  ])
  AC_SUBST([BPF_SYS_INCLUDES], [$ft_cv_bpf_includes])

  AC_CACHE_CHECK([whether $CLANG compiles for the BPF target], [ft_cv_bpf_target], [
    cat >conftest.bpf.c <<'_FT'
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
int conftest(void);
int conftest(void) { return 0; }
_FT
    AS_IF([("$CLANG" -target bpf -O2 -g $BPF_SYS_INCLUDES $LIBBPF_CFLAGS -c conftest.bpf.c \
           -o conftest.bpf.o) >&AS_MESSAGE_LOG_FD 2>&1],
      [ft_cv_bpf_target=yes], [ft_cv_bpf_target=no])
    rm -f conftest.bpf.c conftest.bpf.o
  ])
  AS_IF([test "$ft_cv_bpf_target" != yes],
    [AC_MSG_ERROR([$CLANG cannot compile for the BPF target (see config.log); or --disable-bpf])])
])

# FT_WITH_LIBRARY(NAME, VARIABLE, PKG-CONFIG MODULE, WHAT FOR, DEBIAN PACKAGE)
# --with-NAME or --without-NAME, default: if it is there. Sets with_NAME to yes or no,
# VARIABLE_CFLAGS (its headers are system headers: their warnings are not ours), VARIABLE_LIBS,
# and the conditional WITH_VARIABLE.
AC_DEFUN([FT_WITH_LIBRARY], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [leave out $4])], [], [AS_TR_SH([with_$1])=auto])
  AS_IF([test "$AS_TR_SH([with_$1])" != no], [
    PKG_CHECK_MODULES([$2], [$3], [
      AS_TR_SH([with_$1])=yes
      $2[]_CFLAGS=`AS_ECHO(["$$2[]_CFLAGS"]) | $SED 's/-I/-isystem /g'`
    ], [
      AS_IF([test "$AS_TR_SH([with_$1])" = yes],
        [AC_MSG_ERROR([$1 is needed for $4 (Debian: $5); or --without-$1])])
      AS_TR_SH([with_$1])=no
    ])
  ])
  AM_CONDITIONAL([WITH_$2], [test "$AS_TR_SH([with_$1])" = yes])
])
