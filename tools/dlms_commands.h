/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of mw-dlms that talk to meters; docs/mw-dlms.md is their manual. */
#ifndef MW_TOOLS_DLMS_COMMANDS_H
#define MW_TOOLS_DLMS_COMMANDS_H

#include "base/bytes.h"

extern const char dlms_usage[];

/* Exit status, or -1 when there is no such command. */
int dlms_command(int argc, char **argv);

/* One COSEM value as text in a line: numbers plain, 12 octets that are a moment as such, other
 * octets as text where they are printable, else in hexadecimal. */
void dlms_show(mw_slice data);
/* Elements of a row, one behind the other with commas. */
void dlms_show_row(mw_slice row);

#endif
