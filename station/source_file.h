/* SPDX-License-Identifier: Apache-2.0
 *
 * A file or stream of samples of any format: what it is is found out from its first bytes and its
 * name, then its bytes become blocks. Does no waiting: the owner says when to read.
 */
#ifndef MW_STATION_SOURCE_FILE_H
#define MW_STATION_SOURCE_FILE_H

#include "station/source.h"

#define MW_SOURCE_BUFFER (2 * MW_SAMPLES_BLOCK_MAX)

typedef struct mw_source_file {
    mw_span memory; /* MW_SOURCE_BUFFER bytes, the owner's */
    const mw_station_source_options *options;
    const char *path; /* NULL for a stream */
    int fd;
    bool probing; /* the first bytes are being collected */
    size_t head_n;
    mw_samples_reader reader;
    bool recorded; /* `recording` says what the file holds */
    mw_recording recording;
    size_t segment;   /* being read */
    uint64_t left;    /* bytes of this segment not read yet; UINT64_MAX = to the end */
    uint64_t missing; /* at the end: bytes promised and not there */
    char why[200];
} mw_source_file;

/* Opens a path, or takes over a descriptor (path NULL). MW_NOT_FOUND, and what a decoder of a head
 * says; why in f->why. */
MW_NODISCARD mw_status mw_source_file_open(mw_source_file *f, mw_span memory,
                                           const mw_station_source_options *options,
                                           const char *path, int fd);
/* One read(2). MW_OK, MW_AGAIN (nothing at present), MW_CLOSED (the end), MW_IO or why the stream
 * is unusable. */
MW_NODISCARD mw_status mw_source_file_read(mw_source_file *f);
/* As mw_samples_reader_pull. */
MW_NODISCARD mw_status mw_source_file_pull(mw_source_file *f, mw_samples_block *out_block);

#endif
