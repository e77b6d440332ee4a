/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What clients are told when the process crashes: the one whose request did it that trying again is
 * no use, the others to try again soon. Answers that have begun break off instead. */

/* For the whole process: handles SIGSEGV, SIGABRT, SIGFPE and SIGILL. */
void    ivl_crash_notice_install (void);
/* A request that nothing was answered to yet, by the socket it came from. Returns its number; 0
 * when there are too many, or ivl_crash_notice_install() was not called. */
guint64 ivl_crash_notice_add (int fd);
/* Before anything is sent, and before the socket is closed. Twice does no harm. */
void    ivl_crash_notice_remove (guint64 number);
/* The calling thread works on this request from now on. */
void    ivl_crash_notice_work_on (guint64 number);

G_END_DECLS
