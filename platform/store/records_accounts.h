/* SPDX-License-Identifier: Apache-2.0
 *
 * Records about people who use the platform: tokens, second factors, invitations, shared access,
 * the audit chain, and what customers themselves hand in. Secrets are stored as hashes only; the
 * one exception, the secret of a second factor, is wrapped under the platform's master key.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_ACCOUNTS_H
#define MW_PLATFORM_STORE_RECORDS_ACCOUNTS_H

#include "platform/store/records.h"

enum {
    MW_STORE_PHOTO_MAX = 2 * 1024 * 1024, /* bytes of the photo of a register */
    MW_STORE_WRAPPED_MAX = 64,            /* a wrapped secret */
    MW_STORE_RECOVERY_CODES = 10,
    MW_STORE_CHAIN_HASH = 32, /* BLAKE2b-256 */
    MW_STORE_PEERS_MAX = 400, /* homes that one is compared with, at most */
};

/* A token for programs. It may do what its owner may, narrowed by .scope. */
typedef enum mw_store_token_scope {
    MW_TOKEN_READ = 1,  /* reads */
    MW_TOKEN_WRITE = 2, /* reads and changes */
} mw_store_token_scope;

typedef struct mw_store_token {
    int64_t id;
    int64_t tenant;
    char owner[MW_STORE_ID_MAX]; /* a user's id */
    char name[MW_STORE_ID_MAX];
    mw_store_token_scope scope;
    uint8_t hash[MW_STORE_TOKEN_HASH];
    mw_utc created;
    mw_utc expires;
    mw_utc last_used; /* MW_UTC_NONE = never */
    mw_utc revoked;   /* MW_UTC_NONE = valid */
} mw_store_token;

/* A second factor (RFC 6238). */
typedef struct mw_store_totp {
    int64_t tenant;
    char owner[MW_STORE_ID_MAX];
    uint8_t wrapped[MW_STORE_WRAPPED_MAX];
    size_t wrapped_n;
    bool confirmed;    /* false while it is being set up: not asked for yet */
    int64_t last_step; /* a step that was used is never taken again */
    mw_utc made;
} mw_store_totp;

typedef enum mw_store_invitation_kind {
    MW_INVITE_PASSWORD = 1, /* a user chooses a password */
    MW_INVITE_ACCESS = 2,   /* somebody gets to see a home */
} mw_store_invitation_kind;

typedef struct mw_store_invitation {
    int64_t id;
    int64_t tenant;
    mw_store_invitation_kind kind;
    uint8_t hash[MW_STORE_TOKEN_HASH];
    char owner[MW_STORE_ID_MAX];       /* PASSWORD: whose; ACCESS: who invites */
    char usage_point[MW_STORE_ID_MAX]; /* ACCESS */
    char name[MW_STORE_ID_MAX];        /* ACCESS: what the inviting person calls the guest */
    mw_utc from, to;                   /* ACCESS: the span that may be seen; to NONE = open */
    mw_utc made, expires;
    mw_utc used; /* MW_UTC_NONE = waiting; also set when it is withdrawn */
} mw_store_invitation;

/* Somebody beside the owner sees a usage point, for a span of time. */
typedef struct mw_store_grant {
    int64_t id;
    int64_t tenant;
    char usage_point[MW_STORE_ID_MAX];
    char guest[MW_STORE_ID_MAX]; /* a user's id */
    char name[MW_STORE_ID_MAX];
    char given_by[MW_STORE_ID_MAX]; /* a user's id */
    mw_utc from, to;                /* to NONE = open */
    mw_utc made;
    mw_utc revoked; /* MW_UTC_NONE = valid */
} mw_store_grant;

/* One link of the audit chain: hash = BLAKE2b-256 over the entry and the hash before it
 * (mw_audit_chain). Entries of releases before the chain have none. */
typedef struct mw_store_audit_link {
    mw_store_audit entry;
    bool chained;
    uint8_t hash[MW_STORE_CHAIN_HASH];
} mw_store_audit_link;

typedef struct mw_store_audit_head {
    int64_t first;   /* id of the first entry of the chain */
    int64_t entries; /* of the chain */
    uint8_t hash[MW_STORE_CHAIN_HASH];
} mw_store_audit_head;

typedef enum mw_store_handed_state {
    MW_HANDED_WAITING = 0,
    MW_HANDED_ACCEPTED = 1,
    MW_HANDED_REJECTED = 2,
} mw_store_handed_state;

/* A register reading that a customer handed in. */
typedef struct mw_store_handed {
    int64_t id;
    int64_t tenant;
    int64_t channel;
    mw_utc at;
    int64_t value;
    char who[MW_STORE_ID_MAX]; /* a login */
    mw_utc sent;
    char note[MW_STORE_TEXT_MAX];
    mw_store_handed_state state;
    char decided_by[MW_STORE_ID_MAX];
    mw_utc decided;
    char reason[MW_STORE_TEXT_MAX];
    char photo_type[16]; /* "image/jpeg", "image/png", "" = no photo */
    int64_t photo_size;
} mw_store_handed;

/* "Tell me if anything flows while I am away." */
typedef struct mw_store_watch {
    int64_t id;
    int64_t tenant;
    int64_t channel;
    char who[MW_STORE_ID_MAX]; /* a user's id */
    mw_utc from, to;
    int64_t tolerance; /* counts that may pass in one interval */
    mw_utc made;
    mw_utc told;    /* when something flowed; MW_UTC_NONE = nothing did */
    mw_utc flow_at; /* start of the first such interval */
    int64_t flow;   /* what flowed in it */
    mw_utc ended;   /* MW_UTC_NONE = open */
} mw_store_watch;

/* What another home used: no name, no address, not even which meter. */
typedef struct mw_store_peer {
    bool own;     /* the home that asks */
    int64_t days; /* folded days among those asked for */
    int64_t sum;
} mw_store_peer;

typedef struct mw_store_setting {
    char name[MW_STORE_SERIAL_MAX];
    char value[MW_STORE_TEXT_MAX];
    mw_utc at;
    char who[MW_STORE_ID_MAX];
} mw_store_setting;

/* The hash of an audit entry: BLAKE2b-256 (RFC 7693) over the domain "mw-audit-1", the hash before
 * it (zeros before the first), id, tenant and time as 8 bytes big-endian, then actor, action,
 * subject and detail, each as 4 bytes of length, big-endian, and its UTF-8. */
void mw_audit_chain(const uint8_t before[MW_STORE_CHAIN_HASH], const mw_store_audit *entry,
                    uint8_t out_hash[MW_STORE_CHAIN_HASH]);

#endif
