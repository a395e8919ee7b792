/* SPDX-License-Identifier: Apache-2.0
 *
 * What e-mails about alarms say, in the languages of the console (words.c is made by
 * tools/mail_words). UTF-8.
 */
#ifndef MW_PLATFORM_NOTIFY_WORDS_H
#define MW_PLATFORM_NOTIFY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mw_mail_rule {
    const char *rule; /* NULL = the end */
    const char *name;
} mw_mail_rule;

typedef struct mw_mail_words {
    const char *language; /* NULL = the end */
    const mw_mail_rule *rule;
    const char *severity[5]; /* by mw_alarm_severity */
    const char *test, *test_subject, *alarms, *since, *silent, *escalated;
} mw_mail_words;

extern const mw_mail_words mw_mail_languages[];

/* English for what is no language of ours. */
const mw_mail_words *mw_mail_words_of(const char *language);
bool mw_mail_speaks(const char *language);
/* The rule's own id when it has no name. */
const char *mw_mail_rule_name(const mw_mail_words *w, const char *rule);

#endif
