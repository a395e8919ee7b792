/* SPDX-License-Identifier: Apache-2.0
 *
 * Carries one message: an e-mail by SMTP, or an HTTP POST. libcurl in the loop's pool of threads, a
 * few at a time; certificates and host names are always verified, redirects are not followed, no
 * proxy is used.
 *
 * A webhook's address comes from a person of a tenant and must not reach into the operator's own
 * network: https only, and the address that its name resolves to must be a public one - looked at
 * when connecting, so that a name cannot change in between. Hosts that are allowed by name are free
 * of both.
 */
#ifndef MW_PLATFORM_NOTIFY_COURIER_H
#define MW_PLATFORM_NOTIFY_COURIER_H

#include <sys/socket.h>

#include "runtime/loop.h"

enum { MW_COURIER_FLIGHTS = 4 };

typedef struct mw_courier_options {
    const char *smtp_url;  /* smtp://host:587 (STARTTLS is a must), smtps://host:465; "" = none */
    const char *smtp_user; /* "" = no authentication */
    const char *smtp_password; /* in clear; borrowed */
    const char *smtp_from;
    const char *ca_file;       /* "" = the system's */
    const char *allowed_hosts; /* names with spaces between */
    mw_dur timeout;            /* 0 = 20 s */
} mw_courier_options;

typedef struct mw_courier mw_courier;
typedef struct mw_courier_answer {
    mw_status status; /* MW_OK: delivered */
    int code;         /* of HTTP or SMTP, 0 = none */
    char text[160];   /* what went wrong, for people */
} mw_courier_answer;
typedef void mw_courier_done(void *context, const mw_courier_answer *answer);

/* The texts of the options are borrowed. */
MW_NODISCARD mw_status mw_courier_new(mw_loop *loop, const mw_courier_options *o, mw_courier **out);
/* Waits for what is under way. */
void mw_courier_free(mw_courier *c);
/* MW_AGAIN: enough is under way. Everything is copied. */
MW_NODISCARD mw_status mw_courier_mail(mw_courier *c, const char *to, const char *subject,
                                       mw_slice text, mw_courier_done *done, void *context);
/* Headers: up to 4 lines "Name: value". */
MW_NODISCARD mw_status mw_courier_post(mw_courier *c, const char *url, const char *const *headers,
                                       mw_slice body, mw_courier_done *done, void *context);

/* MW_FORBIDDEN: not an address that webhooks may have; MW_SYNTAX: not a URL. */
MW_NODISCARD mw_status mw_courier_url_check(const char *allowed_hosts, const char *url);
/* MW_SYNTAX: not an address of e-mail as we take them. */
MW_NODISCARD mw_status mw_courier_mail_check(const char *address);
/* Whether an address belongs to the public internet. */
bool mw_courier_is_public(const struct sockaddr *address);

#endif
