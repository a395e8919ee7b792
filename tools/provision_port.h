/* SPDX-License-Identifier: Apache-2.0
 *
 * The line to a meter's production port, from the host's side.
 */
#ifndef MW_TOOLS_PROVISION_PORT_H
#define MW_TOOLS_PROVISION_PORT_H

#include "base/status.h"
#include "meters/kit/production.h"

typedef struct provision_port {
    int fd;
    char buffer[1024];
    size_t n;
} provision_port;

/* "unix:PATH", "tcp:HOST:PORT", or a serial device, which is set to 115200 8N1. MW_IO. */
MW_NODISCARD mw_status provision_port_open(provision_port *p, const char *name);
void provision_port_close(provision_port *p);
/* Sends a line and waits for the line that answers it ("ok" or "error"); what else the meter says
 * is passed over. The answer is given without "ok ". MW_FORBIDDEN and the like: the meter said so,
 * the answer is its word. MW_TIMEOUT after ten seconds, MW_CLOSED, MW_IO. */
MW_NODISCARD mw_status provision_port_ask(provision_port *p, const char *line,
                                          char out_answer[MW_PRODUCTION_LINE + 1]);

#endif
