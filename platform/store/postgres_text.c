/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/postgres_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct scan {
    const char *in;
    size_t n, at;
    char *out;
    size_t used;
} scan;

typedef struct word {
    const char *p;
    size_t n;
} word;

static bool is_word_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static bool word_is(word w, const char *text) {
    return w.n == strlen(text) && memcmp(w.p, text, w.n) == 0;
}

/* The end of a quoted text that begins at `at`. A doubled quote just begins the next one. */
static size_t quoted_end(const char *in, size_t n, size_t at) {
    char quote = in[at++];
    while (at < n && in[at] != quote)
        at++;
    return at < n ? at + 1 : n;
}

/* The next word after `at`, skipping what is none; *out_at after it. n = 0 at the end. */
static word word_next(const char *in, size_t n, size_t at, size_t *out_at) {
    while (at < n && !is_word_byte(in[at]))
        at = in[at] == '\'' ? quoted_end(in, n, at) : at + 1;
    size_t from = at;
    while (at < n && is_word_byte(in[at]))
        at++;
    *out_at = at;
    return (word){in + from, at - from};
}

size_t mw_pg_statement_length(const char *sql) {
    size_t n = strlen(sql), at = 0;
    while (at < n && sql[at] != ';')
        at = sql[at] == '\'' ? quoted_end(sql, n, at) : at + 1;
    return at;
}

static void put(scan *s, const char *text, size_t n) {
    memcpy(s->out + s->used, text, n);
    s->used += n;
}

/* CROSS JOIN t ON .. is SQLite's way to say in which order to join. */
static bool joins_on(const char *in, size_t n, size_t at) {
    static const char *const ends[] = {"JOIN", "WHERE", "GROUP", "ORDER", "LIMIT", "UNION"};
    for (;;) {
        word w = word_next(in, n, at, &at);
        if (w.n == 0)
            return false;
        if (word_is(w, "ON"))
            return true;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            if (word_is(w, ends[i]))
                return false;
    }
}

/* What stands for a word; NULL = the word itself. May move s->at over the words that follow. */
static const char *word_in_postgres(scan *s, word w) {
    size_t after = s->at;
    word next = word_next(s->in, s->n, s->at, &after);
    if (word_is(w, "INTEGER"))
        return "BIGINT";
    if (word_is(w, "BLOB"))
        return "BYTEA";
    if (word_is(w, "LIKE"))
        return "ILIKE";
    if (word_is(w, "user"))
        return "\"user\"";
    if (word_is(w, "AUTOINCREMENT"))
        return "";
    if (word_is(w, "WITHOUT") && word_is(next, "ROWID")) {
        s->at = after;
        return "";
    }
    if (word_is(w, "CROSS") && word_is(next, "JOIN") && joins_on(s->in, s->n, after))
        return "";
    return NULL;
}

static mw_status parameter(scan *s, mw_pg_text *t) {
    char *end = NULL;
    long number = strtol(s->in + s->at + 1, &end, 10);
    if (number < 1 || number >= MW_PG_PARAMS_MAX)
        return MW_LIMIT;
    t->used[number - 1] = true;
    t->params = number > t->params ? (int)number : t->params;
    s->out[s->used++] = '$';
    put(s, s->in + s->at + 1, (size_t)(end - (s->in + s->at + 1)));
    s->at = (size_t)(end - s->in);
    if (strncmp(end, " IS NULL", 8) == 0 || strncmp(end, " IS NOT NULL", 12) == 0)
        t->tested[number - 1] = true;
    return MW_OK;
}

static mw_status words_translate(scan *s, mw_pg_text *t) {
    while (s->at < s->n) {
        char c = s->in[s->at];
        if (c == '\'' || c == '"') {
            size_t end = quoted_end(s->in, s->n, s->at);
            put(s, s->in + s->at, end - s->at);
            s->at = end;
        } else if (c == '?') {
            MW_TRY(parameter(s, t));
        } else if (is_word_byte(c)) {
            size_t from = s->at;
            word w = word_next(s->in, s->n, s->at, &s->at);
            const char *other = word_in_postgres(s, w);
            put(s, other == NULL ? s->in + from : other, other == NULL ? w.n : strlen(other));
        } else {
            s->out[s->used++] = c;
            s->at++;
        }
    }
    s->out[s->used] = 0;
    return MW_OK;
}

/* Where the columns and the values of an INSERT are. */
static void insert_look(mw_pg_text *t) {
    const char *open = strchr(t->sql, '('), *close = open == NULL ? NULL : strchr(open, ')');
    if (close == NULL)
        return;
    t->columns_at = (size_t)(open + 1 - t->sql);
    t->columns_n = (size_t)(close - open - 1);
    size_t after = 0;
    word w = word_next(close, strlen(close), 0, &after);
    t->selects = word_is(w, "SELECT");
    t->values_at = (size_t)(close - t->sql) + after + (word_is(w, "VALUES") ? 1 : 0);
}

static void statement_look(mw_pg_text *t) {
    size_t at = 0, n = strlen(t->sql);
    word verb = word_next(t->sql, n, 0, &at);
    t->inserts = word_is(verb, "INSERT");
    t->deletes = word_is(verb, "DELETE");
    t->changes = t->inserts || t->deletes || word_is(verb, "UPDATE");
    t->upsert = t->inserts && strstr(t->sql, " ON CONFLICT") != NULL;
    if (!t->inserts && !t->deletes)
        return;
    word table = word_next(t->sql, n, at, &at); /* INTO or FROM */
    table = word_next(t->sql, n, at, &at);
    if (table.n < sizeof t->table)
        memcpy(t->table, table.p, table.n);
    if (t->inserts)
        insert_look(t);
}

mw_status mw_pg_translate(const char *sql, size_t n, mw_pg_text *out_text) {
    mw_pg_text t = {0};
    /* No word grows by more than three bytes; a word has at least one. */
    scan s = {.in = sql, .n = n, .out = malloc(4 * n + 1)};
    if (s.out == NULL)
        return MW_NOMEM;
    mw_status status = words_translate(&s, &t);
    if (status != MW_OK) {
        free(s.out);
        return status;
    }
    t.sql = s.out;
    statement_look(&t);
    *out_text = t;
    return MW_OK;
}

bool mw_pg_names_column(const mw_pg_text *text, const char *column) {
    size_t at = 0;
    const char *columns = text->sql + text->columns_at;
    for (;;) {
        word w = word_next(columns, text->columns_n, at, &at);
        if (w.n == 0)
            return false;
        if (word_is(w, column))
            return true;
    }
}

mw_status mw_pg_add_column(mw_pg_text *text, const char *column, const char *expression) {
    size_t n = strlen(text->sql) + strlen(column) + strlen(expression) + 8;
    char *out = malloc(n);
    if (out == NULL)
        return MW_NOMEM;
    snprintf(out, n, "%.*s%s, %.*s %s, %s", (int)text->columns_at, text->sql, column,
             (int)(text->values_at - text->columns_at), text->sql + text->columns_at, expression,
             text->sql + text->values_at);
    free(text->sql);
    text->sql = out;
    return MW_OK;
}

bool mw_pg_table_goes(const char *sql, size_t n, char out_from[MW_PG_NAME_MAX],
                      char out_to[MW_PG_NAME_MAX]) {
    word w[6];
    size_t at = 0;
    for (size_t i = 0; i < 6; i++)
        w[i] = word_next(sql, n, at, &at);
    if (!word_is(w[1], "TABLE") || w[2].n >= MW_PG_NAME_MAX || w[5].n >= MW_PG_NAME_MAX)
        return false;
    bool renames = word_is(w[0], "ALTER") && word_is(w[3], "RENAME") && word_is(w[4], "TO");
    snprintf(out_from, MW_PG_NAME_MAX, "%.*s", (int)w[2].n, w[2].p);
    snprintf(out_to, MW_PG_NAME_MAX, "%.*s", renames ? (int)w[5].n : 0, w[5].p);
    return renames || word_is(w[0], "DROP");
}

/* Whether nothing but blanks lies between two words: "used INTEGER, PRIMARY KEY(...)" is a column and
 * the key of the table, not a column that is the key. */
static bool follows(word a, word b) {
    for (const char *c = a.p + a.n; c < b.p; c++)
        if (*c != ' ')
            return false;
    return true;
}

bool mw_pg_numbered_column(const char *sql, size_t n, char out_table[MW_PG_NAME_MAX],
                           char out_column[MW_PG_NAME_MAX], bool *out_kept) {
    size_t at = 0;
    word w[4] = {word_next(sql, n, 0, &at)};
    w[1] = word_next(sql, n, at, &at);
    if (!word_is(w[0], "CREATE") || !word_is(w[1], "TABLE"))
        return false;
    w[2] = word_next(sql, n, at, &at);
    if (w[2].n >= MW_PG_NAME_MAX)
        return false;
    snprintf(out_table, MW_PG_NAME_MAX, "%.*s", (int)w[2].n, w[2].p);
    out_column[0] = 0;
    /* name INTEGER PRIMARY KEY [AUTOINCREMENT] */
    for (w[0] = word_next(sql, n, at, &at); w[0].n > 0; w[0] = w[1]) {
        size_t next = at, key = 0;
        w[1] = word_next(sql, n, at, &next);
        w[2] = word_next(sql, n, next, &key);
        w[3] = word_next(sql, n, key, &key);
        if (word_is(w[1], "INTEGER") && word_is(w[2], "PRIMARY") && word_is(w[3], "KEY") &&
            follows(w[1], w[2]) && w[0].n < MW_PG_NAME_MAX) {
            snprintf(out_column, MW_PG_NAME_MAX, "%.*s", (int)w[0].n, w[0].p);
            *out_kept = word_is(word_next(sql, n, key, &key), "AUTOINCREMENT");
            return true;
        }
        at = next;
    }
    *out_kept = false;
    return true;
}
