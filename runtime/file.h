/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that survive a power cut: whole-file replacement and reading with a stated maximum.
 */
#ifndef MW_RUNTIME_FILE_H
#define MW_RUNTIME_FILE_H

#include "runtime/buffer.h"

/* Replaces path by the contents: temporary file beside it, fsync, rename, fsync of the folder.
 * After MW_OK the new contents survive a power cut; after an error the old file is untouched.
 * mode such as 0600. MW_SPACE when the disk is full, MW_IO otherwise. */
MW_NODISCARD mw_status mw_file_replace(const char *path, mw_slice contents, unsigned mode);
/* Makes names created, renamed or removed in a folder durable. */
MW_NODISCARD mw_status mw_file_sync_folder(const char *folder);
/* Appends a whole file to a buffer. MW_NOT_FOUND, MW_SPACE (larger than the buffer's room), MW_IO.
 */
MW_NODISCARD mw_status mw_file_read(const char *path, mw_buffer *out);
/* Reads a whole file into room; MW_NOT_FOUND, MW_SPACE (larger than the room), MW_IO. */
MW_NODISCARD mw_status mw_file_load(const char *path, mw_span room, size_t *out_n);
/* Reads a secret of one line (a token): white space at the end is dropped. MW_FORBIDDEN when others
 * than the owner (and group) may read the file; MW_SYNTAX when it is empty or has several lines. */
MW_NODISCARD mw_status mw_file_read_secret(const char *path, mw_buffer *out);
/* Writes all bytes, through short writes and EINTR. MW_SPACE on a full disk, MW_IO. */
MW_NODISCARD mw_status mw_file_write_all(int fd, mw_slice s);
/* Makes a folder and its parents; existing ones are fine. */
MW_NODISCARD mw_status mw_file_make_folders(const char *path, unsigned mode);
/* Status of an errno value. */
mw_status mw_file_status_of_errno(int error);

#endif
