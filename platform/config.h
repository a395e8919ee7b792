/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of mw-platform.
 */
#ifndef MW_PLATFORM_CONFIG_H
#define MW_PLATFORM_CONFIG_H

#include "platform/accounts/secret.h"
#include "runtime/settings.h"

typedef struct mw_platform_config {
    const char *clock;
    const char *log_level;
    const char *tenant;
    const char *store_path;
    const char *store_url;
    const char *store_password_file;
    int64_t store_cache;
    const char *key_file;
    const char *zone_dir;
    const char *listen;
    const char *tls_cert;
    const char *tls_key;
    const char *client_ca;
    bool station_certificate;
    int64_t connections_max;
    int64_t per_ip_max;
    const char *trusted_proxies;
    const char *push_listen;
    const char *push_tenant;
    const char *push_cert;
    const char *push_key;
    const char *push_client_ca;
    int64_t push_connections;
    const char *web_root;
    mw_dur session_idle;
    mw_dur session_longest;
    int64_t password_passes;
    int64_t password_memory;
    mw_dur overview_every;
    int64_t decode_batch;
    int64_t fold_rows;
    mw_dur fold_every;
    int64_t validation_changes;
    mw_dur watch_every;
    const char *smtp_url;
    const char *smtp_user;
    const char *smtp_password_file;
    const char *smtp_from;
    const char *notify_ca;
    const char *notify_hosts;
    const char *public_url;
    mw_dur notify_retry;
    const char *epoch_file;
    const char *plan;
    int64_t copies;
    int64_t attempts;
    mw_dur command_ttl;
    mw_dur receipt_wait;
    const char *backup_folder;
    mw_dur backup_every;
    int64_t backup_keep;
    bool beacons;
    int64_t beacon_uncertainty;
} mw_platform_config;

extern const mw_program mw_platform_program;

/* What new passwords are hashed with. */
mw_password_params mw_platform_password(const mw_platform_config *config);

#endif
