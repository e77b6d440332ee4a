/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sets what is to fail from now on, and counts from the beginning; NULL or "": nothing. Rules with
 * ';' between them, each CALL:PATH:WHEN:ACTION:
 *   CALL    a function of the C library, as it is named in fault-preload.c
 *   PATH    a part of the file's path; the least number of bytes for malloc (with calloc and
 *           realloc) and memalign; "-" for any
 *   WHEN    the number of the matching call, from 1; N+ for it and all later ones; * for all
 *   ACTION  an errno's number; `short` (half the bytes), `kill` (the process), `wait=MS`, `ok`
 *           (gives 0 and does nothing), `see` (does as ever), `spoil` (writes
 *           other bytes); for clock_gettime `jump=SECONDS`
 * Weak: a program that was started without the library sees NULL. */
void        fault_set (const char *rules) __attribute__ ((weak));
/* How many calls have met a rule since then, and their names in order, with spaces between. */
int         fault_count (void) __attribute__ ((weak));
const char *fault_calls (void) __attribute__ ((weak));
