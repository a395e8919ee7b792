/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a program as one typed table: it yields the parser, --help, --check-config,
 * --sample-config and the table in the manual.
 *
 * File format: INI (inih). A setting `http.listen` stands as `listen = ...` under `[http]`; one
 * without a dot stands before the first section. Comments begin with ';' or '#' at the start of a
 * line or " ;" behind a value. The command line `key=value` wins over the file. Values with a
 * physical unit must carry it: 30s, 250ms, 5min, 2h, 1d; 200kHz, 868.1MHz; 64MiB, 10kB; -120dBm.
 * An unknown or repeated key, a missing unit, a value outside its range: an error with file and
 * line number.
 */
#ifndef MW_RUNTIME_SETTINGS_H
#define MW_RUNTIME_SETTINGS_H

#include <stdio.h>

#include "base/time.h"
#include "base/units.h"
#include "runtime/buffer.h"

typedef enum mw_setting_type {
    MW_SETTING_TEXT,   /* const char *, never NULL after loading */
    MW_SETTING_INT,    /* int64_t, plain count */
    MW_SETTING_BOOL,   /* bool: yes, no, true, false */
    MW_SETTING_DUR,    /* mw_dur; range in nanoseconds; us ms s min h d */
    MW_SETTING_SIZE,   /* int64_t bytes; B kB MB GB KiB MiB GiB */
    MW_SETTING_FREQ,   /* mw_freq; range in millihertz; Hz kHz MHz GHz */
    MW_SETTING_LEVEL,  /* mw_level; range in hundredths of a dBm; dBm */
    MW_SETTING_UTC,    /* mw_utc, RFC 3339 */
    MW_SETTING_CHOICE, /* const char *, one of choices */
} mw_setting_type;

typedef struct mw_setting {
    const char *key;      /* "section.name" or "name" */
    mw_setting_type type; /* also says the type of the field */
    size_t offset;        /* of the field in the program's configuration struct */
    const char *fallback; /* default, written as in the file; NULL = must be given */
    int64_t min, max;     /* inclusive, in the type's smallest unit; both 0 = any value */
    const char *choices;  /* "a|b|c" for MW_SETTING_CHOICE */
    bool secret;          /* value is never printed */
    const char *text;     /* one or two sentences for people */
} mw_setting;

typedef struct mw_program {
    const char *name;     /* such as "mw-station" */
    const char *about;    /* one sentence */
    const char *commands; /* usage lines of command words, or NULL when there are none */
    const mw_setting *settings;
    size_t settings_n; /* at most MW_SETTINGS_MAX */
} mw_program;

#define MW_SETTINGS_MAX 128

typedef struct mw_settings mw_settings; /* owns the texts that the configuration struct points to */

/* Fills config with the defaults, then the file (NULL = none), then each override "key=value".
 * Every error is appended to `errors` as a line "file:line: ..." and all are reported, not only the
 * first. MW_SYNTAX when there was one, MW_NOT_FOUND when the file cannot be read. */
MW_NODISCARD mw_status mw_settings_load(const mw_program *program, const char *path,
                                        const char *const *overrides, size_t overrides_n,
                                        void *config, mw_buffer *errors,
                                        mw_settings **out_settings);
void mw_settings_free(mw_settings *s);

/* What the command line asks for. */
typedef struct mw_start {
    bool run; /* false: the program ends now with exit_code (help, check, errors) */
    int exit_code;
    int argc; /* command words: the first one and all that follows it */
    char **argv;
    mw_settings *settings; /* free with mw_settings_free */
} mw_start;

/* The common command line of all programs:
 *   [--config FILE] [key=value ...] [--help] [--check-config] [--sample-config] [--manual]
 *   [--version] [command words ...]
 * Prints help to standard output and errors to standard error itself. */
mw_start mw_settings_start(const mw_program *program, int argc, char **argv, void *config);

void mw_settings_print_help(const mw_program *program, FILE *out);
void mw_settings_print_sample(const mw_program *program, FILE *out);
/* A Markdown table for the manual. */
void mw_settings_print_manual(const mw_program *program, FILE *out);

/* Parses one value as the table would; for command words. error needs 160 bytes. */
MW_NODISCARD mw_status mw_setting_parse(const mw_setting *setting, const char *value,
                                        int64_t *out_number, char error[160]);

#endif
