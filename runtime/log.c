/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"

#define MW_LOG_WINDOW_NS (10 * MW_NS_PER_S)
#define MW_LOG_TEXTS     64 /* messages whose rate is followed at once */

/* One message text within its window. */
typedef struct mw_log_rate {
    const char *message;
    int64_t window_start_ns;
    uint32_t printed;
    uint32_t suppressed;
} mw_log_rate;

/* The process has one standard error, hence one logger. */
static struct {
    pthread_mutex_t mutex;
    const char *program;
    mw_log_level level;
    mw_log_sink *sink;
    void *sink_context;
    mw_log_rate rates[MW_LOG_TEXTS];
} mw_logger = {.mutex = PTHREAD_MUTEX_INITIALIZER, .program = "meterworks", .level = MW_LOG_INFO};

static const char *const mw_log_level_names[] = {"error", "warn", "info", "debug"};

void mw_log_start(const char *program, mw_log_level level) {
    (void)pthread_mutex_lock(&mw_logger.mutex);
    mw_logger.program = program;
    mw_logger.level = level;
    (void)pthread_mutex_unlock(&mw_logger.mutex);
}

mw_status mw_log_level_of(const char *text, mw_log_level *out_level) {
    for (size_t i = 0; i < sizeof mw_log_level_names / sizeof mw_log_level_names[0]; i++) {
        if (strcmp(text, mw_log_level_names[i]) == 0) {
            *out_level = (mw_log_level)i;
            return MW_OK;
        }
    }
    return MW_SYNTAX;
}

void mw_log_redirect(mw_log_sink *sink, void *context) {
    (void)pthread_mutex_lock(&mw_logger.mutex);
    mw_logger.sink = sink;
    mw_logger.sink_context = context;
    (void)pthread_mutex_unlock(&mw_logger.mutex);
}

/* Whether this text may be printed now; *suppressed is what to confess with it. The slot is chosen
 * by the literal's address; two texts that share one only reset each other's window. */
static bool mw_log_admit(const char *message, int64_t now_ns, uint32_t *suppressed) {
    mw_log_rate *r = &mw_logger.rates[((uintptr_t)message >> 3) % MW_LOG_TEXTS];
    *suppressed = 0;
    if (r->message != message || now_ns - r->window_start_ns >= MW_LOG_WINDOW_NS) {
        if (r->message == message)
            *suppressed = r->suppressed;
        *r = (mw_log_rate){.message = message, .window_start_ns = now_ns};
    }
    if (r->printed >= MW_LOG_BURST) {
        r->suppressed++;
        return false;
    }
    r->printed++;
    return true;
}

static void mw_log_put(mw_writer *w, const char *s) {
    mw_write_str(w, s);
}

/* Quoted when logfmt needs it; control bytes become \xNN so that one event stays one line. */
static void mw_log_put_value(mw_writer *w, const char *s) {
    bool quote = *s == 0;
    for (const char *p = s; *p != 0; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f)
            quote = true;
    if (!quote) {
        mw_log_put(w, s);
        return;
    }
    mw_write_u8(w, '"');
    for (const char *p = s; *p != 0; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            mw_write_u8(w, '\\');
        if (c < ' ' || c == 0x7f) {
            char hex[8];
            (void)snprintf(hex, sizeof hex, "\\x%02x", c);
            mw_log_put(w, hex);
        } else {
            mw_write_u8(w, c);
        }
    }
    mw_write_u8(w, '"');
}

static void mw_log_put_field(mw_writer *w, const mw_log_field *f) {
    char number[32];
    mw_write_u8(w, ' ');
    mw_log_put(w, f->key);
    mw_write_u8(w, '=');
    switch (f->kind) {
    case MW_LOG_TEXT:
        mw_log_put_value(w, f->text == NULL ? "" : f->text);
        break;
    case MW_LOG_INT:
        (void)snprintf(number, sizeof number, "%" PRId64, f->number);
        mw_log_put(w, number);
        break;
    case MW_LOG_STATUS:
        mw_log_put(w, mw_status_name((mw_status)f->number));
        break;
    case MW_LOG_HEX:
        (void)snprintf(number, sizeof number, "%016" PRIx64, (uint64_t)f->number);
        mw_log_put(w, number);
        break;
    }
}

void mw_log_write(mw_log_level level, const char *message, const mw_log_field *fields, size_t n) {
    uint8_t line[MW_LOG_LINE_MAX];
    uint32_t suppressed = 0;
    (void)pthread_mutex_lock(&mw_logger.mutex);
    if (level > mw_logger.level || !mw_log_admit(message, mw_clock_mono().ns, &suppressed)) {
        (void)pthread_mutex_unlock(&mw_logger.mutex);
        return;
    }
    char time[MW_UTC_TEXT_MAX];
    mw_utc_format(mw_clock_machine_utc(), time);
    mw_writer w = mw_writer_of((mw_span){line, sizeof line - 1});
    mw_log_put(&w, "time=");
    mw_log_put(&w, time);
    mw_log_put(&w, " level=");
    mw_log_put(&w, mw_log_level_names[level]);
    mw_log_put(&w, " program=");
    mw_log_put(&w, mw_logger.program);
    mw_log_put(&w, " msg=");
    mw_log_put_value(&w, message);
    if (suppressed > 0)
        mw_log_put_field(&w, &MW_I("suppressed", suppressed));
    for (size_t i = 0; i < n; i++)
        mw_log_put_field(&w, &fields[i]);
    size_t length = mw_writer_done(&w).n;
    line[length++] = '\n';
    if (mw_logger.sink != NULL)
        mw_logger.sink(mw_logger.sink_context, (const char *)line, length);
    else if (write(STDERR_FILENO, line, length) < 0)
        (void)0; /* nowhere left to tell */
    (void)pthread_mutex_unlock(&mw_logger.mutex);
}
