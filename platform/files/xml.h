/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of XML documents: escaped, and in the two encodings that are needed. Inside platform/files.
 */
#ifndef MW_PLATFORM_FILES_XML_H
#define MW_PLATFORM_FILES_XML_H

#include "runtime/buffer.h"

/* Escapes & < > " '; characters that XML 1.0 forbids and bytes that are not UTF-8 become "?". */
void mw_xml_text(mw_buffer *out, const char *text);
/* The same in windows-1251; what it does not have becomes "?". */
void mw_xml_text_1251(mw_buffer *out, const char *text);
/* "<name>text</name>" */
void mw_xml_element(mw_buffer *out, const char *name, const char *text);
void mw_xml_element_int(mw_buffer *out, const char *name, int64_t value);

#endif
