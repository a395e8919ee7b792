/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/settings.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/settings_priv.h"

struct mw_settings {
    char *texts[MW_SETTINGS_MAX]; /* by index of the setting */
};

typedef struct mw_settings_load_state {
    const mw_program *program;
    const char *path;
    FILE *file;
    int line;
    bool too_long;
    int given[MW_SETTINGS_MAX]; /* line that set it, 0 = not in the file */
    void *config;
    mw_buffer *errors;
    mw_settings *settings;
    bool failed;
} mw_settings_load_state;

static void mw_settings_complain(mw_settings_load_state *st, const char *key, const char *what) {
    st->failed = true;
    if (st->line > 0)
        mw_buffer_printf(st->errors, "%s:%d: %s: %s\n", st->path, st->line, key, what);
    else
        mw_buffer_printf(st->errors, "%s: %s: %s\n", st->path, key, what);
}

static int mw_settings_find(const mw_program *program, const char *key) {
    for (size_t i = 0; i < program->settings_n; i++)
        if (strcmp(program->settings[i].key, key) == 0)
            return (int)i;
    return -1;
}

static void mw_settings_store(mw_settings_load_state *st, int index, const char *value) {
    const mw_setting *s = &st->program->settings[index];
    char error[160] = "";
    int64_t number = 0;
    if (mw_setting_parse(s, value, &number, error) != MW_OK) {
        mw_settings_complain(st, s->key, error);
        return;
    }
    void *field = (char *)st->config + s->offset;
    switch (s->type) {
    case MW_SETTING_TEXT:
    case MW_SETTING_CHOICE: {
        char *copy = strdup(value);
        mw_assert(copy != NULL);
        free(st->settings->texts[index]);
        st->settings->texts[index] = copy;
        mw_bytes_copy(field, &(const char *){copy}, sizeof(const char *));
        break;
    }
    case MW_SETTING_BOOL:
        mw_bytes_copy(field, &(bool){number != 0}, sizeof(bool));
        break;
    case MW_SETTING_LEVEL:
        mw_bytes_copy(field, &(mw_level){(int32_t)number}, sizeof(mw_level));
        break;
    default: /* int64_t and the structs of one int64_t */
        mw_bytes_copy(field, &number, sizeof number);
    }
}

/* One key of the file: called by inih with the section, "" before the first. */
static int mw_settings_on_key(void *context, const char *section, const char *name,
                              const char *value) {
    mw_settings_load_state *st = context;
    char key[160];
    (void)snprintf(key, sizeof key, "%s%s%s", section, *section == 0 ? "" : ".", name);
    int index = mw_settings_find(st->program, key);
    if (index < 0) {
        mw_settings_complain(st, key, "unknown setting");
    } else if (st->given[index] != 0) {
        mw_settings_complain(st, key, "given before");
    } else {
        st->given[index] = st->line;
        mw_settings_store(st, index, value == NULL ? "" : value);
    }
    return 1;
}

/* inih keeps the line number to itself, so the reader it reads through counts. */
static char *mw_settings_read_line(char *out, int size, void *context) {
    mw_settings_load_state *st = context;
    char *got = fgets(out, size, st->file);
    if (got == NULL)
        return NULL;
    st->line++;
    size_t n = strlen(got);
    if (n > 0 && got[n - 1] != '\n' && !feof(st->file)) {
        mw_settings_complain(st, "line", "too long");
        int c = 0;
        while (c != EOF && c != '\n')
            c = fgetc(st->file);
    }
    return got;
}

static mw_status mw_settings_load_file(mw_settings_load_state *st, const char *path) {
    st->path = path;
    st->file = fopen(path, "re");
    if (st->file == NULL) {
        mw_buffer_printf(st->errors, "%s: cannot be read\n", path);
        return MW_NOT_FOUND;
    }
    int result = ini_parse_stream(mw_settings_read_line, st, mw_settings_on_key, st);
    bool unreadable = ferror(st->file) != 0; /* a folder opens, and only reading it fails */
    (void)fclose(st->file);
    if (unreadable) {
        mw_buffer_printf(st->errors, "%s: cannot be read\n", path);
        return MW_NOT_FOUND;
    }
    if (result != 0) {
        st->line = result;
        mw_settings_complain(st, "line", "is neither [section] nor key = value");
    }
    st->line = 0;
    return MW_OK;
}

static void mw_settings_override(mw_settings_load_state *st, const char *text) {
    st->path = "command line";
    char key[160];
    const char *equals = strchr(text, '=');
    if (equals == NULL || (size_t)(equals - text) >= sizeof key) {
        mw_settings_complain(st, text, "is not key=value");
        return;
    }
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
    int index = mw_settings_find(st->program, key);
    if (index < 0) {
        mw_settings_complain(st, key, "unknown setting");
        return;
    }
    st->given[index] = -1;
    mw_settings_store(st, index, equals + 1);
}

static void mw_settings_load_all(mw_settings_load_state *st, const char *const *overrides,
                                 size_t overrides_n) {
    for (size_t i = 0; i < overrides_n; i++)
        mw_settings_override(st, overrides[i]);
    st->path = st->path == NULL ? "settings" : st->path;
    for (size_t i = 0; i < st->program->settings_n; i++)
        if (st->program->settings[i].fallback == NULL && st->given[i] == 0)
            mw_settings_complain(st, st->program->settings[i].key, "must be given");
}

mw_status mw_settings_load(const mw_program *program, const char *path,
                           const char *const *overrides, size_t overrides_n, void *config,
                           mw_buffer *errors, mw_settings **out_settings) {
    mw_assert(program->settings_n <= MW_SETTINGS_MAX);
    mw_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return MW_NOMEM;
    mw_settings_load_state st = {
        .program = program, .config = config, .errors = errors, .settings = settings};
    st.path = "default";
    for (size_t i = 0; i < program->settings_n; i++)
        if (program->settings[i].fallback != NULL)
            mw_settings_store(&st, (int)i, program->settings[i].fallback);
    mw_assert(!st.failed); /* a default that its own table refuses */
    mw_status status = path == NULL ? MW_OK : mw_settings_load_file(&st, path);
    if (status == MW_OK)
        mw_settings_load_all(&st, overrides, overrides_n);
    if (status == MW_OK && st.failed)
        status = MW_SYNTAX;
    if (status != MW_OK) {
        mw_settings_free(settings);
        return status;
    }
    *out_settings = settings;
    return MW_OK;
}

void mw_settings_free(mw_settings *s) {
    if (s == NULL)
        return;
    for (size_t i = 0; i < MW_SETTINGS_MAX; i++) {
        if (s->texts[i] != NULL)
            mw_bytes_wipe(s->texts[i], strlen(s->texts[i])); /* some are secrets */
        free(s->texts[i]);
    }
    free(s);
}
