/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "runtime/settings_priv.h"

#ifndef MW_VERSION
#define MW_VERSION "0.1.0"
#endif

/* Prints text wrapped at 96 columns behind an indent. */
static void mw_settings_wrap(FILE *out, const char *prefix, const char *text) {
    while (*text != 0) {
        size_t n = strlen(text);
        size_t width = 96 - strlen(prefix);
        if (n > width) {
            n = width;
            while (n > 0 && text[n] != ' ')
                n--;
            n = n == 0 ? width : n;
        }
        (void)fprintf(out, "%s%.*s\n", prefix, (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
}

static bool mw_setting_has_range(const mw_setting *s) {
    return s->min != 0 || s->max != 0;
}

static void mw_setting_range(const mw_setting *s, char out[160]) {
    out[0] = 0;
    if (s->type == MW_SETTING_CHOICE) {
        (void)snprintf(out, 160, "%s", s->choices);
    } else if (mw_setting_has_range(s)) {
        char low[64];
        char high[64];
        mw_setting_format(s->type, s->min, low);
        mw_setting_format(s->type, s->max, high);
        (void)snprintf(out, 160, "%s .. %s", low, high);
    }
}

void mw_settings_print_help(const mw_program *program, FILE *out) {
    (void)fprintf(out, "%s: %s\n\nusage: %s [--config FILE] [key=value ...]%s\n", program->name,
                  program->about, program->name, program->commands == NULL ? "" : " [command ...]");
    if (program->commands != NULL)
        (void)fprintf(out, "\ncommands:\n%s", program->commands);
    (void)fprintf(out, "\noptions:\n"
                       "  --config FILE    settings file (INI)\n"
                       "  --check-config   read the settings, report errors, and end\n"
                       "  --sample-config  print a settings file with all defaults\n"
                       "  --manual         print the settings as a Markdown table\n"
                       "  --version        print the version\n"
                       "  --help           this text\n"
                       "\nsettings (key=value on the command line wins over the file):\n");
    for (size_t i = 0; i < program->settings_n; i++) {
        const mw_setting *s = &program->settings[i];
        char range[160];
        mw_setting_range(s, range);
        (void)fprintf(out, "\n  %s\n", s->key);
        mw_settings_wrap(out, "      ", s->text);
        (void)fprintf(out, "      %s%s%s; %s%s\n", mw_setting_kind_text(s->type),
                      range[0] == 0 ? "" : ": ", range,
                      s->fallback == NULL ? "must be given" : "default ",
                      s->fallback == NULL ? ""
                      : *s->fallback == 0 ? "empty"
                                          : s->fallback);
    }
}

/* Length of the section part of a key, 0 when it has none. */
static size_t mw_setting_section(const char *key) {
    const char *dot = strrchr(key, '.');
    return dot == NULL ? 0 : (size_t)(dot - key);
}

static void mw_settings_print_sample_one(const mw_setting *s, FILE *out) {
    size_t section = mw_setting_section(s->key);
    const char *name = s->key + section + (section > 0);
    char range[160];
    mw_setting_range(s, range);
    (void)fprintf(out, "\n");
    mw_settings_wrap(out, "; ", s->text);
    (void)fprintf(out, "; (%s%s%s)\n", mw_setting_kind_text(s->type), range[0] == 0 ? "" : ": ",
                  range);
    if (s->fallback == NULL)
        (void)fprintf(out, "; must be given:\n;%s =\n", name);
    else
        (void)fprintf(out, "%s%s = %s\n", *s->fallback == 0 ? ";" : "", name, s->fallback);
}

/* Keys of one section must stand together in the table; the file is printed in table order. */
void mw_settings_print_sample(const mw_program *program, FILE *out) {
    (void)fprintf(out, "; Settings of %s. Values with a unit must carry it.\n", program->name);
    const char *open = "";
    size_t open_n = 0;
    for (int pass = 0; pass < 2; pass++) { /* first those without a section */
        for (size_t i = 0; i < program->settings_n; i++) {
            const mw_setting *s = &program->settings[i];
            size_t n = mw_setting_section(s->key);
            if ((n == 0) != (pass == 0))
                continue;
            if (n != open_n || strncmp(open, s->key, n) != 0)
                (void)fprintf(out, "\n[%.*s]\n", (int)n, s->key);
            open = s->key;
            open_n = n;
            mw_settings_print_sample_one(s, out);
        }
    }
}

void mw_settings_print_manual(const mw_program *program, FILE *out) {
    (void)fprintf(out, "| setting | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < program->settings_n; i++) {
        const mw_setting *s = &program->settings[i];
        char range[160];
        mw_setting_range(s, range);
        for (char *p = range; *p != 0; p++)
            *p = *p == '|' ? '/' : *p;
        (void)fprintf(out, "| `%s` | %s%s%s | ", s->key, mw_setting_kind_text(s->type),
                      range[0] == 0 ? "" : ": ", range);
        if (s->fallback == NULL)
            (void)fprintf(out, "must be given");
        else if (*s->fallback == 0)
            (void)fprintf(out, "empty");
        else
            (void)fprintf(out, "`%s`", s->fallback);
        (void)fprintf(out, " | %s |\n", s->text);
    }
}

/* Options that print something and end. */
static bool mw_settings_print_option(const mw_program *program, const char *option) {
    if (strcmp(option, "--help") == 0)
        mw_settings_print_help(program, stdout);
    else if (strcmp(option, "--sample-config") == 0)
        mw_settings_print_sample(program, stdout);
    else if (strcmp(option, "--manual") == 0)
        mw_settings_print_manual(program, stdout);
    else if (strcmp(option, "--version") == 0)
        (void)printf("%s %s\n", program->name, MW_VERSION);
    else
        return false;
    return true;
}

static mw_start mw_settings_refuse(const mw_program *program, const char *what, const char *which) {
    (void)fprintf(stderr, "%s: %s%s\n", program->name, what, which);
    (void)fprintf(stderr, "%s --help lists options and settings.\n", program->name);
    return (mw_start){.exit_code = 2};
}

mw_start mw_settings_start(const mw_program *program, int argc, char **argv, void *config) {
    const char *overrides[MW_SETTINGS_MAX];
    size_t overrides_n = 0;
    const char *path = NULL;
    bool check = false;
    int i = 1;
    for (; i < argc; i++) {
        if (mw_settings_print_option(program, argv[i]))
            return (mw_start){.exit_code = 0};
        if (strcmp(argv[i], "--check-config") == 0) {
            check = true;
        } else if (strcmp(argv[i], "--config") == 0) {
            if (++i == argc)
                return mw_settings_refuse(program, "--config needs a file", "");
            path = argv[i];
        } else if (strncmp(argv[i], "--config=", 9) == 0) {
            path = argv[i] + 9;
        } else if (argv[i][0] == '-' && argv[i][1] != 0) {
            return mw_settings_refuse(program, "unknown option ", argv[i]);
        } else if (strchr(argv[i], '=') == NULL) {
            break; /* a command word: the rest is the command's */
        } else if (overrides_n == MW_SETTINGS_MAX) {
            return mw_settings_refuse(program, "too many settings", "");
        } else {
            overrides[overrides_n++] = argv[i];
        }
    }
    mw_buffer errors;
    mw_buffer_init(&errors, 64 * 1024);
    mw_start start = {.argc = argc - i, .argv = argv + i};
    mw_status status =
        mw_settings_load(program, path, overrides, overrides_n, config, &errors, &start.settings);
    start.run = status == MW_OK && !check;
    start.exit_code = status == MW_OK ? 0 : 2;
    if (status != MW_OK)
        (void)fprintf(stderr, "%s", mw_buffer_text(&errors));
    else if (check)
        (void)printf("%s: settings are good\n", program->name);
    mw_buffer_fini(&errors);
    if (!start.run) {
        mw_settings_free(start.settings);
        start.settings = NULL;
    }
    return start;
}
