/* SPDX-License-Identifier: Apache-2.0 */
#include "station/panorama.h"

#include <math.h>
#include <png.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "protocols/unb/unb.h"
#include "radio/spectrum.h"

#define ROW         mw_dur_s(1)
#define COLOURS     240 /* palette entries of levels; those behind are marks */
#define MARK        250
#define NOTHING     251
#define RANGE_DB    40.0f  /* from the floor to the brightest colour */
#define QUALITY_MAX 500000 /* samples after which the figures begin anew */

struct mw_panorama {
    pthread_mutex_t mutex;
    mw_spectrum *spectrum; /* made with the first block */
    uint64_t rate_mhz;
    mw_freq centre;
    mw_panorama_view view; /* latest: a ring, `head` is the next place */
    size_t head;
    mw_quality counting;
    uint8_t image[MW_SPECTRUM_ROWS][MW_SPECTRUM_BINS];
};

mw_status mw_panorama_new(mw_panorama **out_panorama) {
    mw_panorama *p = calloc(1, sizeof *p);
    if (p == NULL)
        return MW_NOMEM;
    mw_assert(pthread_mutex_init(&p->mutex, NULL) == 0);
    *out_panorama = p;
    return MW_OK;
}

void mw_panorama_free(mw_panorama *p) {
    if (p == NULL)
        return;
    mw_spectrum_free(p->spectrum);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

void mw_panorama_push(mw_panorama *p, const mw_samples_block *b) {
    (void)pthread_mutex_lock(&p->mutex);
    if (p->spectrum == NULL || b->h.rate_mhz != p->rate_mhz || b->h.centre.mhz != p->centre.mhz) {
        mw_spectrum_free(p->spectrum);
        p->spectrum = NULL;
        p->rate_mhz = b->h.rate_mhz;
        p->centre = b->h.centre;
        if (mw_spectrum_new(b->h.rate_mhz, ROW, &p->spectrum) != MW_OK)
            p->spectrum = NULL;
    }
    if (p->spectrum != NULL)
        mw_spectrum_push(p->spectrum, b);
    mw_quality_push(&p->counting, b, 16);
    p->view.clock_uncertainty_us = b->h.utc_uncertainty_us;
    if (b->h.format != MW_SAMPLES_GAP)
        p->view.format = b->h.format;
    if (p->counting.samples >= QUALITY_MAX / 16) {
        p->view.quality = p->counting;
        p->counting = (mw_quality){0};
    }
    (void)pthread_mutex_unlock(&p->mutex);
}

void mw_panorama_frame(mw_panorama *p, const mw_receiver_frame *f) {
    (void)pthread_mutex_lock(&p->mutex);
    mw_panorama_view *v = &p->view;
    int step = (f->level.cdbm / 100 - MW_PANORAMA_FLOOR) / 5;
    step = step < 0 ? 0 : step >= MW_PANORAMA_LEVELS ? MW_PANORAMA_LEVELS - 1 : step;
    v->levels[step]++;
    v->frames++;
    v->latest[p->head] = *f;
    p->head = (p->head + 1) % MW_PANORAMA_FRAMES;
    v->latest_n += v->latest_n < MW_PANORAMA_FRAMES;
    (void)pthread_mutex_unlock(&p->mutex);
}

/* Frame i of the ring, 0 = the newest. */
static const mw_receiver_frame *frame_at(const mw_panorama *p, size_t i) {
    return &p->view.latest[(p->head + 2 * MW_PANORAMA_FRAMES - 1 - i) % MW_PANORAMA_FRAMES];
}

void mw_panorama_look(mw_panorama *p, mw_panorama_view *out_view) {
    (void)pthread_mutex_lock(&p->mutex);
    *out_view = p->view;
    if (p->view.quality.samples == 0)
        out_view->quality = p->counting;
    for (size_t i = 0; i < p->view.latest_n; i++)
        out_view->latest[i] = *frame_at(p, i);
    int64_t half = (int64_t)(p->rate_mhz / 2);
    out_view->low.mhz = p->centre.mhz - half;
    out_view->high.mhz = p->centre.mhz + half;
    out_view->seconds = p->spectrum == NULL ? 0 : (int64_t)mw_spectrum_rows(p->spectrum);
    (void)pthread_mutex_unlock(&p->mutex);
}

/* ---- the picture ---- */

static int compare_float(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* The level that a quarter of the columns lie below, over all rows: the noise. */
static float picture_floor(const mw_panorama *p, size_t rows) {
    static float some[MW_SPECTRUM_ROWS];
    static float columns[MW_SPECTRUM_BINS];
    for (size_t y = 0; y < rows; y++) {
        memcpy(columns, mw_spectrum_row_at(p->spectrum, y)->db, sizeof columns);
        qsort(columns, MW_SPECTRUM_BINS, sizeof columns[0], compare_float);
        some[y] = columns[MW_SPECTRUM_BINS / 4];
    }
    qsort(some, rows, sizeof some[0], compare_float);
    return some[rows / 2];
}

static void picture_levels(mw_panorama *p, size_t rows) {
    float floor_db = picture_floor(p, rows);
    for (size_t y = 0; y < rows; y++) {
        const mw_spectrum_row *row = mw_spectrum_row_at(p->spectrum, y);
        for (size_t x = 0; x < MW_SPECTRUM_BINS; x++) {
            float v = (row->db[x] - floor_db + 3.0f) / RANGE_DB * (COLOURS - 1);
            p->image[y][x] = row->db[x] < -199.0f ? NOTHING
                             : v < 0              ? 0
                             : v > COLOURS - 1    ? COLOURS - 1
                                                  : (uint8_t)v;
        }
    }
}

static void picture_mark(mw_panorama *p, size_t rows, const mw_receiver_frame *f) {
    double baud =
        f->kind != MW_RADIO_UNB ? (double)f->baud : (double)mw_unb_rate_bd((mw_unb_rate)f->rate);
    double seconds = baud > 0 ? 1.2 * (double)f->symbols / baud : 1; /* with sync and pilots */
    uint64_t last = f->first_index + (uint64_t)(seconds * (double)p->rate_mhz / 1000.0);
    double column =
        ((double)(f->frequency.mhz - p->centre.mhz) / (double)p->rate_mhz + 0.5) * MW_SPECTRUM_BINS;
    double wide = 1.3 * baud / ((double)p->rate_mhz / 1000.0 / MW_SPECTRUM_BINS);
    size_t half = wide > 60 ? 60 : wide < 4 ? 4 : (size_t)wide; /* around the stroke, not on it */
    if (!(column >= (double)half && column < (double)(MW_SPECTRUM_BINS - half)))
        return;
    size_t x = (size_t)column;
    for (size_t y = 0; y < rows; y++) {
        const mw_spectrum_row *row = mw_spectrum_row_at(p->spectrum, y);
        bool covers = row->first <= last && row->first + row->count > f->first_index;
        bool begins = row->first <= f->first_index && row->first + row->count > f->first_index;
        bool ends = row->first <= last && row->first + row->count > last;
        if (!covers)
            continue;
        p->image[y][x - half] = MARK;
        p->image[y][x + half] = MARK;
        for (size_t k = x - half; (begins || ends) && k <= x + half; k++)
            if (k < x - half / 3 || k > x + half / 3)
                p->image[y][k] = MARK;
    }
}

/* From black through blue and orange to white, as bright as the level is high. */
static void picture_palette(png_color palette[256]) {
    static const int stops[5][3] = {
        {8, 10, 30}, {20, 50, 140}, {150, 60, 130}, {250, 150, 50}, {255, 255, 230}};
    memset(palette, 0, 256 * sizeof palette[0]);
    for (int i = 0; i < COLOURS; i++) {
        int at = i * 4 / COLOURS;
        int part = i * 4 - at * COLOURS;
        const int *a = stops[at];
        const int *b = stops[at + 1];
        palette[i] = (png_color){(png_byte)(a[0] + (b[0] - a[0]) * part / COLOURS),
                                 (png_byte)(a[1] + (b[1] - a[1]) * part / COLOURS),
                                 (png_byte)(a[2] + (b[2] - a[2]) * part / COLOURS)};
    }
    palette[MARK] = (png_color){80, 255, 120};
    palette[NOTHING] = (png_color){60, 60, 60};
}

static void picture_write(png_structp png, png_bytep bytes, size_t n) {
    mw_buffer_append(png_get_io_ptr(png), (mw_slice){bytes, n});
}

static void picture_flush(png_structp png) {
    (void)png;
}

static mw_status picture_encode(mw_panorama *p, size_t rows, mw_buffer *out) {
    png_color palette[256];
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    if (info == NULL) {
        png_destroy_write_struct(&png, NULL);
        return MW_NOMEM;
    }
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_write_struct(&png, &info);
        return MW_NOMEM;
    }
    png_set_write_fn(png, out, picture_write, picture_flush);
    png_set_IHDR(png, info, MW_SPECTRUM_BINS, (png_uint_32)rows, 8, PNG_COLOR_TYPE_PALETTE,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    picture_palette(palette);
    png_set_PLTE(png, info, palette, 256);
    png_set_compression_level(png, 3);
    png_write_info(png, info);
    for (size_t y = 0; y < rows; y++)
        png_write_row(png, p->image[y]);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return out->status;
}

mw_status mw_panorama_picture(mw_panorama *p, mw_buffer *out) {
    (void)pthread_mutex_lock(&p->mutex);
    size_t rows = p->spectrum == NULL ? 0 : mw_spectrum_rows(p->spectrum);
    mw_status status = MW_AGAIN;
    if (rows > 0) {
        picture_levels(p, rows);
        for (size_t i = 0; i < p->view.latest_n; i++)
            picture_mark(p, rows, frame_at(p, i));
        status = picture_encode(p, rows, out);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return status;
}
