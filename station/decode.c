/* SPDX-License-Identifier: Apache-2.0 */
#include "station/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "runtime/clock.h"
#include "station/config.h"
#include "station/record.h"
#include "station/source.h"

#define ARGUMENTS_MAX 40

/* "--rate 250kHz" and "--rate=250kHz" become "rate=250kHz"; the one other word is the file. */
static bool decode_arguments(int argc, char **argv, char *out[ARGUMENTS_MAX], mw_arena *texts,
                             int *out_n, const char **out_file) {
    int n = 0;
    out[n++] = argv[0];
    for (int i = 1; i < argc; i++) {
        bool option = strncmp(argv[i], "--", 2) == 0 && argv[i][2] != 0;
        bool known = option && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--config") == 0);
        if (n + 2 >= ARGUMENTS_MAX)
            return false;
        if (!option && strchr(argv[i], '=') == NULL) {
            if (*out_file != NULL)
                return false;
            *out_file = argv[i];
        } else if (known || !option) {
            out[n++] = argv[i];
        } else if (strchr(argv[i], '=') != NULL) {
            out[n++] = argv[i] + 2;
        } else if (i + 1 == argc) {
            return false;
        } else {
            size_t room = strlen(argv[i]) + strlen(argv[i + 1]);
            char *text = mw_arena_take(texts, room);
            if (text == NULL)
                return false;
            (void)snprintf(text, room, "%s=%s", argv[i] + 2, argv[i + 1]);
            out[n++] = text;
            i++;
        }
    }
    *out_n = n;
    return true;
}

static void decode_print(void *context, const mw_receiver_frame *f) {
    unsigned *count = context;
    mw_buffer text;
    mw_buffer_init(&text, 4096);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_station_record_json(f, &j);
    mw_json_put_uint(&j, "first_index", f->first_index);
    mw_json_put_int(&j, "drift_mhz_per_s", f->drift_mhz_per_s);
    mw_json_put_int(&j, "symbols", f->symbols);
    mw_json_put_int(&j, "symbol_errors", f->symbol_errors);
    mw_json_put_int(&j, "quality", f->quality);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        (void)puts(mw_buffer_text(&text));
    mw_buffer_fini(&text);
    ++*count;
}

static mw_status decode_block(const mw_station_config *c, const mw_samples_block *b,
                              mw_receiver **receiver, unsigned *count) {
    mw_status status = *receiver == NULL ? MW_CONFLICT : mw_receiver_push(*receiver, b);
    if (status != MW_CONFLICT)
        return status;
    mw_receiver_config config;
    if (*receiver != NULL)
        mw_receiver_flush(*receiver);
    mw_receiver_free(*receiver);
    *receiver = NULL;
    MW_TRY(mw_station_receiver_config(c, b->h.rate_mhz, b->h.centre, &config));
    MW_TRY(mw_receiver_new(&config, decode_print, count, receiver));
    return mw_receiver_push(*receiver, b);
}

static mw_status decode_all(const mw_station_config *c, mw_station_source *source,
                            unsigned *count) {
    mw_receiver *receiver = NULL;
    mw_samples_block block;
    mw_status status;
    while ((status = mw_station_source_pull(source, mw_dur_s(3600), &block)) == MW_OK) {
        status = decode_block(c, &block, &receiver, count);
        if (status != MW_OK)
            break;
    }
    if (receiver != NULL)
        mw_receiver_flush(receiver);
    mw_receiver_free(receiver);
    if (status == MW_CLOSED && mw_station_source_trouble(source) != MW_CLOSED)
        return mw_station_source_trouble(source);
    return status == MW_CLOSED ? MW_OK : status;
}

int mw_station_decode_main(int argc, char **argv) {
    char *arguments[ARGUMENTS_MAX];
    int n = 0;
    const char *file = NULL;
    uint8_t memory[4096];
    mw_arena texts;
    mw_arena_init(&texts, MW_SPAN_OF(memory));
    if (!decode_arguments(argc, argv, arguments, &texts, &n, &file)) {
        (void)fprintf(stderr, "mw-station decode: see mw-station decode --help\n");
        return 2;
    }
    mw_station_config config = {0};
    mw_start start = mw_settings_start(&mw_station_decode_program, n, arguments, &config);
    if (!start.run)
        return start.exit_code;
    unsigned rates = 0;
    if (file == NULL || mw_station_rates_parse(config.rates, &rates) != MW_OK) {
        (void)fprintf(stderr, file == NULL ? "mw-station decode: which file?\n"
                                           : "mw-station decode: rates is a list of R0, R1, R2\n");
        return 2;
    }
    if (strcmp(file, "-") != 0 && access(file, R_OK) != 0) {
        perror(file);
        return 1;
    }
    char *spec = NULL;
    mw_samples_header plain;
    mw_status status = mw_station_plain_header(&config, mw_clock_machine_utc(), &plain);
    bool is_plain = status == MW_OK;
    mw_station_source *source = NULL;
    unsigned count = 0;
    if (asprintf(&spec, "%s%s", strcmp(file, "-") == 0 ? "" : "file:", file) < 0)
        return 1;
    status = mw_station_source_new(spec, is_plain ? &plain : NULL, &source);
    if (status == MW_OK)
        status = decode_all(&config, source, &count);
    mw_station_source_free(source);
    free(spec);
    mw_settings_free(start.settings);
    if (status != MW_OK)
        (void)fprintf(stderr, "mw-station decode: %s: %s%s\n", file, mw_status_text(status),
                      is_plain ? "" : "; plain samples need --format");
    return status == MW_OK ? 0 : 1;
}
