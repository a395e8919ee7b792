/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines of daemons: logfmt to standard error, one write per line. Libraries do not log; they
 * return errors. A secret has no place in a field.
 *
 *   mw_log(MW_LOG_WARN, "uplinks refused", MW_S("station", id), MW_I("http_status", 401));
 *   time=2026-11-22T13:00:00Z level=warn program=mw-station msg="uplinks refused" station=st-1 ...
 *
 * Rate limit: a message text (its address, hence a literal) is printed at most MW_LOG_BURST times
 * in a window of ten seconds; what was suppressed is counted and told when the window ends with the
 * next line of that text. Lines are cut at MW_LOG_LINE_MAX bytes. Thread-safe.
 */
#ifndef MW_RUNTIME_LOG_H
#define MW_RUNTIME_LOG_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_LOG_LINE_MAX 2048
#define MW_LOG_BURST    20

typedef enum mw_log_level { MW_LOG_ERROR, MW_LOG_WARN, MW_LOG_INFO, MW_LOG_DEBUG } mw_log_level;

typedef enum mw_log_kind { MW_LOG_TEXT, MW_LOG_INT, MW_LOG_STATUS, MW_LOG_HEX } mw_log_kind;

typedef struct mw_log_field {
    const char *key; /* [a-z0-9_.] */
    mw_log_kind kind;
    const char *text;
    int64_t number;
} mw_log_field;

/* Text (NULL prints as empty), integer, mw_status by name, 64-bit hexadecimal. */
#define MW_S(key_, text_)   ((mw_log_field){(key_), MW_LOG_TEXT, (text_), 0})
#define MW_I(key_, number_) ((mw_log_field){(key_), MW_LOG_INT, NULL, (int64_t)(number_)})
#define MW_ST(key_, st_)    ((mw_log_field){(key_), MW_LOG_STATUS, NULL, (int64_t)(st_)})
#define MW_X(key_, number_) ((mw_log_field){(key_), MW_LOG_HEX, NULL, (int64_t)(number_)})

/* Once at start; program must live as long as the process. Default: level info, "meterworks". */
void mw_log_start(const char *program, mw_log_level level);
/* "error", "warn", "info", "debug"; MW_SYNTAX. */
MW_NODISCARD mw_status mw_log_level_of(const char *text, mw_log_level *out_level);
void mw_log_write(mw_log_level level, const char *message, const mw_log_field *fields, size_t n);
/* Tests look at lines here instead of standard error; NULL restores. */
typedef void mw_log_sink(void *context, const char *line, size_t n);
void mw_log_redirect(mw_log_sink *sink, void *context);

/* With at least one field; mw_log_plain without. */
#define mw_log(level_, message_, ...)                                                              \
    mw_log_write((level_), (message_), (const mw_log_field[]){__VA_ARGS__},                        \
                 sizeof((const mw_log_field[]){__VA_ARGS__}) / sizeof(mw_log_field))
#define mw_log_plain(level_, message_) mw_log_write((level_), (message_), NULL, 0)

#endif
