/* SPDX-License-Identifier: Apache-2.0
 *
 * The screen: one pass over what just arrived that tells whether any rule could object at all. Most
 * days of most meters are ordinary; only the others are worth loading their past for.
 *
 * The screen never passes what a rule of severity warn or higher would find (of those that look at
 * arrivals: V10, V11, V13 and V19 look at periods and have their own turns). It may hold back what
 * no rule objects to.
 */
#ifndef MW_PLATFORM_VALIDATION_SCREEN_H
#define MW_PLATFORM_VALIDATION_SCREEN_H

#include "platform/validation/window.h"
#include "platform/vee/book.h"

/* What one look at a day needs of the book, made once for a class and grid. */
typedef struct mw_screen {
    bool usable;     /* false: the book's settings need the full look every time */
    int64_t highest; /* a value up to this is neither high nor a spike nor a step */
    uint32_t equal;  /* a run of so many equal values is static */
} mw_screen;

/* Limits of the channel's medium in its own unit, from the book. */
mw_vee_limits mw_screen_limits(const mw_vee_book *b, const mw_window_channel *c);
mw_screen mw_screen_of(const mw_vee_book *b, const mw_window_channel *c);

/* True when nothing in cells [from, to) needs a closer look: all are there as reported without any
 * flag, no value or run of values stands out, and between each two readings that touch them the
 * register went forward by exactly their sum. The window must reach a day back from `from` where
 * there was one. */
bool mw_screen_clean(const mw_screen *s, const mw_window *w, uint32_t from, uint32_t to);

/* The turn of the rules that look at periods: once in 30 days, another day for each channel. */
bool mw_screen_review(const mw_window_channel *c, const mw_window *w, uint32_t from, uint32_t to);

#endif
