/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The letters that lead to controls of a window by Alt. */
#pragma once

/* For each page of each window a line "letters PAGE" with each letter and the words it is in, those
 * of controls that are hidden at present among them */
void letters_double_tell (void);
/* Trouble and the question for leave, on each page at once */
void letters_double_show_bars (void);
