/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/messages.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "runtime/file.h"
#include "runtime/log.h"

/* They live as long as the process. */
static uint8_t key[crypto_generichash_BYTES];
static char password[256];

static mw_status key_read(const char *path) {
    mw_buffer b;
    mw_buffer_init(&b, 4096);
    mw_status s = mw_file_read(path, &b);
    static const uint8_t label[] = "meterworks notify";
    if (s == MW_OK && crypto_generichash(key, sizeof key, b.p, b.n, label, sizeof label - 1) != 0)
        s = MW_IO;
    if (b.p != NULL)
        mw_bytes_wipe(b.p, b.n);
    mw_buffer_fini(&b);
    return s;
}

static mw_status password_read(const char *path) {
    mw_buffer b;
    if (path[0] == 0)
        return MW_OK;
    mw_buffer_init(&b, sizeof password - 1);
    mw_status s = mw_file_read_secret(path, &b);
    if (s == MW_OK) {
        (void)snprintf(password, sizeof password, "%s", mw_buffer_text(&b));
        password[strcspn(password, "\r\n")] = 0;
    } else {
        mw_log(MW_LOG_ERROR, "cannot use the mail server's password",
               MW_S("notify.smtp_password_file", path), MW_ST("status", s));
    }
    if (b.p != NULL)
        mw_bytes_wipe(b.p, b.n);
    mw_buffer_fini(&b);
    return s;
}

mw_status mw_platform_open_notify(const mw_platform_config *config, mw_loop *loop, mw_store *store,
                                  mw_zones *zones, mw_notify **out_notify) {
    if (sodium_init() < 0)
        return MW_IO;
    MW_TRY(key_read(config->key_file));
    MW_TRY(password_read(config->smtp_password_file));
    mw_notify_options o = {.loop = loop,
                           .store = store,
                           .zones = zones,
                           .courier = {.smtp_url = config->smtp_url,
                                       .smtp_user = config->smtp_user,
                                       .smtp_password = password,
                                       .smtp_from = config->smtp_from,
                                       .ca_file = config->notify_ca,
                                       .allowed_hosts = config->notify_hosts},
                           .key = MW_SLICE_OF(key),
                           .public_url = config->public_url,
                           .retry = config->notify_retry};
    return mw_notify_new(&o, out_notify);
}
