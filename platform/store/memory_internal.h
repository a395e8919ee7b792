/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the memory store: lists that a transaction can take back as a whole.
 */
#ifndef MW_PLATFORM_STORE_MEMORY_INTERNAL_H
#define MW_PLATFORM_STORE_MEMORY_INTERNAL_H

#include "platform/store/chunk.h"
#include "platform/store/layers.h"
#include "platform/store/memory.h"

typedef struct mw_mem_list {
    void *p;
    size_t n, room, size; /* of one item */
} mw_mem_list;

typedef struct mw_mem_name {
    int64_t id;
    char name[MW_STORE_ID_MAX];
    int64_t at; /* cursors */
} mw_mem_name;

typedef struct mw_mem_report {
    int64_t tenant, channel, day, run;
    bool folded;
    mw_store_interval row;
} mw_mem_report;

typedef struct mw_mem_owned {
    int64_t tenant;
    union {
        mw_store_device device;
        mw_store_channel channel;
        mw_store_register_spec spec;
        mw_store_register_mark mark;
    } u;
} mw_mem_owned;

typedef struct mw_mem_class {
    int64_t tenant, channel;
    uint8_t class;
} mw_mem_class;

/* A row of a tenant, where the record does not say whose it is. */
#define MW_MEM_OF_TENANT(name, type)                                                               \
    typedef struct name {                                                                          \
        int64_t tenant;                                                                            \
        type row;                                                                                  \
    } name
MW_MEM_OF_TENANT(mw_mem_step, mw_store_command_step);
MW_MEM_OF_TENANT(mw_mem_head, mw_store_audit_head);
MW_MEM_OF_TENANT(mw_mem_setting, mw_store_setting);
MW_MEM_OF_TENANT(mw_mem_person, mw_store_person);
MW_MEM_OF_TENANT(mw_mem_area, mw_store_area);
MW_MEM_OF_TENANT(mw_mem_premise, mw_store_premise);
MW_MEM_OF_TENANT(mw_mem_config, mw_store_device_config);
MW_MEM_OF_TENANT(mw_mem_account, mw_store_account);
MW_MEM_OF_TENANT(mw_mem_contract, mw_store_contract);
MW_MEM_OF_TENANT(mw_mem_factor, mw_store_factor);

typedef struct mw_mem_point {
    int64_t tenant;
    mw_store_usage_point row;
    char premise[MW_STORE_ID_MAX];
} mw_mem_point;

typedef struct mw_mem_member {
    int64_t tenant;
    mw_store_membership row;
    char area_kind[16];
} mw_mem_member;

/* Bytes kept for a key: keys of networks, learned choices, mappings. */
typedef struct mw_mem_blob {
    int64_t tenant, key[2];
    mw_store_mapping mapping; /* of a mapping only */
    mw_slice bytes;
} mw_mem_blob;

typedef struct mw_mem_code {
    int64_t tenant;
    char owner[MW_STORE_ID_MAX];
    uint8_t hash[MW_STORE_TOKEN_HASH];
    mw_utc used;
} mw_mem_code;

typedef struct mw_mem_imported {
    int64_t tenant, import;
    mw_store_imported_kind kind;
    char key[MW_STORE_ID_MAX];
} mw_mem_imported;

typedef struct mw_mem_sign {
    mw_store_sign row;
    int64_t changed;
} mw_mem_sign;

typedef struct mw_mem_meta {
    char name[MW_STORE_ID_MAX], value[MW_STORE_TEXT_MAX];
} mw_mem_meta;

/* A named counter of a tenant, and its part in one hour. */
typedef struct mw_mem_count {
    int64_t tenant, hour; /* hour: MW_MEM_ALL_HOURS = the whole */
    char name[2 * MW_STORE_ID_MAX];
    int64_t value;
} mw_mem_count;
#define MW_MEM_ALL_HOURS INT64_MIN

typedef struct mw_mem_sender {
    mw_store_sender row;
    uint8_t hash[MW_STORE_TOKEN_HASH];
} mw_mem_sender;

typedef struct mw_mem_failure {
    int64_t tenant, hour, value;
    uint32_t address;
} mw_mem_failure;

typedef struct mw_mem_conflict {
    int64_t tenant, channel;
    mw_store_interval row;
} mw_mem_conflict;

typedef struct mw_mem_filter {
    int64_t tenant;
    char user[MW_STORE_ID_MAX];
    mw_store_filter row;
} mw_mem_filter;

typedef struct mw_mem_note {
    int64_t tenant, device;
    mw_store_note row;
} mw_mem_note;

typedef struct mw_mem_heard {
    int64_t tenant, sender;
    mw_store_heard_row row; /* without the sender's name */
} mw_mem_heard;

typedef struct mw_mem_handed {
    mw_store_handed row;
    mw_slice photo;
} mw_mem_handed;

typedef struct mw_mem_installation {
    int64_t tenant;
    mw_store_installation row;
    mw_utc superseded; /* MW_UTC_NONE = as known now */
} mw_mem_installation;

/* Every list of the store: name, type. */
#define MW_MEM_LISTS(X)                                                                            \
    X(tenants, mw_mem_name)                                                                        \
    X(cursors, mw_mem_name)                                                                        \
    X(senders, mw_mem_sender)                                                                      \
    X(metas, mw_mem_meta)                                                                          \
    X(counted, mw_mem_count)                                                                       \
    X(keys, mw_mem_blob)                                                                           \
    X(forgotten, int64_t)                                                                          \
    X(quarantined, mw_store_quarantined)                                                           \
    X(frames, mw_store_frame)                                                                      \
    X(received, mw_store_reception)                                                                \
    X(states, mw_store_device_state)                                                               \
    X(failed, mw_mem_failure)                                                                      \
    X(health, mw_store_health)                                                                     \
    X(conflicts, mw_mem_conflict)                                                                  \
    X(saved, mw_mem_filter)                                                                        \
    X(noted, mw_mem_note)                                                                          \
    X(hears, mw_mem_heard)                                                                         \
    X(foreign_devices, mw_store_foreign_device)                                                    \
    X(foreign_states, mw_store_foreign_state)                                                      \
    X(foreign_mail, mw_store_foreign_message)                                                      \
    X(handed, mw_mem_handed)                                                                       \
    X(absences, mw_store_watch)                                                                    \
    X(holding, mw_store_alarm_hold)                                                                \
    X(devices, mw_mem_owned)                                                                       \
    X(channels, mw_mem_owned)                                                                      \
    X(factors, mw_mem_factor)                                                                      \
    X(specs, mw_mem_owned)                                                                         \
    X(marks, mw_mem_owned)                                                                         \
    X(installations, mw_mem_installation)                                                          \
    X(journal, mw_store_envelope)                                                                  \
    X(reports, mw_mem_report)                                                                      \
    X(registers, mw_store_register)                                                                \
    X(revisions, mw_store_revision)                                                                \
    X(locks, mw_store_lock)                                                                        \
    X(changes, mw_store_change)                                                                    \
    X(suspense, mw_store_suspense)                                                                 \
    X(retentions, mw_store_retention)                                                              \
    X(holds, mw_store_hold)                                                                        \
    X(vee_settings, mw_store_vee_setting)                                                          \
    X(classes, mw_mem_class)                                                                       \
    X(verdicts, mw_store_verdict)                                                                  \
    X(corrections, mw_store_correction)                                                            \
    X(users, mw_store_user)                                                                        \
    X(sessions, mw_store_session)                                                                  \
    X(commands, mw_store_command)                                                                  \
    X(command_steps, mw_mem_step)                                                                  \
    X(downlinks, mw_store_downlink)                                                                \
    X(counters, mw_store_counter)                                                                  \
    X(facts, mw_store_fact)                                                                        \
    X(told, mw_store_told)                                                                         \
    X(networks, mw_mem_blob)                                                                       \
    X(alarms, mw_store_alarm)                                                                      \
    X(alarm_notes, mw_store_alarm_note)                                                            \
    X(alarm_settings, mw_store_alarm_setting)                                                      \
    X(alarm_history, mw_store_alarm_setting)                                                       \
    X(collections, mw_store_collection)                                                            \
    X(recipients, mw_store_recipient)                                                              \
    X(deliveries, mw_store_delivery)                                                               \
    X(signs, mw_mem_sign)                                                                          \
    X(events, mw_store_event)                                                                      \
    X(tokens, mw_store_token)                                                                      \
    X(totps, mw_store_totp)                                                                        \
    X(codes, mw_mem_code)                                                                          \
    X(invitations, mw_store_invitation)                                                            \
    X(grants, mw_store_grant)                                                                      \
    X(audit, mw_store_audit_link)                                                                  \
    X(audit_heads, mw_mem_head)                                                                    \
    X(tenant_settings, mw_mem_setting)                                                             \
    X(vee_meters, mw_store_vee_meter)                                                              \
    X(choices, mw_mem_blob)                                                                        \
    X(sources, mw_store_source)                                                                    \
    X(profiles, mw_store_profile)                                                                  \
    X(exceptions, mw_store_exception)                                                              \
    X(mappings, mw_mem_blob)                                                                       \
    X(imports, mw_store_import)                                                                    \
    X(imported, mw_mem_imported)                                                                   \
    X(snapshots, mw_store_snapshot)                                                                \
    X(people, mw_mem_person)                                                                       \
    X(points, mw_mem_point)                                                                        \
    X(areas, mw_mem_area)                                                                          \
    X(members, mw_mem_member)                                                                      \
    X(premises, mw_mem_premise)                                                                    \
    X(configs, mw_mem_config)                                                                      \
    X(accounts, mw_mem_account)                                                                    \
    X(contracts, mw_mem_contract)

typedef struct mw_mem_state {
#define X(name, type) mw_mem_list name;
    MW_MEM_LISTS(X)
#undef X
    int64_t runs, change_id; /* last numbers given */
} mw_mem_state;

typedef struct mw_mem {
    mw_store base;
    mw_store_ops ops;
    bool in_transaction;
    mw_mem_state now, before; /* before: as it was at begin */
    mw_mem_list kept;         /* contents and rows that records point to, freed at close */
    mw_store_interval rows[MW_CHUNK_VALUES_MAX];
} mw_mem;

static inline mw_mem *mw_mem_of(mw_store *s) {
    return (mw_mem *)(void *)s;
}

/* MW_STATE outside of a transaction. Adds a copy of *item. */
MW_NODISCARD mw_status mw_mem_add(mw_mem *m, mw_mem_list *l, const void *item);
/* Puts a copy of *item at its place in a list that is kept in order; one that compares equal is
 * replaced. MW_STATE outside of a transaction. */
typedef int (*mw_mem_order)(const void *a, const void *b);
MW_NODISCARD mw_status mw_mem_put(mw_mem *m, mw_mem_list *l, const void *item, mw_mem_order order);
/* A copy of bytes that lives as long as the store; NULL for none or no memory. */
void *mw_mem_keep(mw_mem *m, const void *bytes, size_t n);
#define MW_MEM_EACH(type, item, list)                                                              \
    for (type *item = (list).p, *item##_end_ = item == NULL ? NULL : item + (list).n;              \
         item != NULL && item < item##_end_; item++)

#define MW_MEM_EACH_BACK(type, item, list)                                                         \
    for (type *item##_p_ = (list).p, *item = item##_p_ == NULL ? NULL : item##_p_ + (list).n;      \
         item##_p_ != NULL && item-- > item##_p_;)
/* Deletes the items for which `gone` holds. */
#define MW_MEM_DROP(type, item, list, gone)                                                        \
    do {                                                                                           \
        type *all_ = (list).p;                                                                     \
        size_t kept_ = 0;                                                                          \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            type *item = &all_[i_];                                                                \
            if (!(gone))                                                                           \
                all_[kept_++] = all_[i_];                                                          \
        }                                                                                          \
        (list).n = kept_;                                                                          \
    } while (0)
#define MW_MEM_CMP(a, b) (((a) > (b)) - ((a) < (b)))

static inline bool mw_mem_limit_ok(uint32_t limit) {
    return limit >= 1 && limit <= MW_STORE_PAGE_MAX;
}

/* Puts the operations of each file into the table. */
void mw_mem_core_ops(mw_store_ops *ops);
void mw_mem_value_ops(mw_store_ops *ops);
void mw_mem_master_ops(mw_store_ops *ops);
void mw_mem_retention_ops(mw_store_ops *ops);
void mw_mem_vee_ops(mw_store_ops *ops);
void mw_mem_watch_ops(mw_store_ops *ops);
void mw_mem_command_ops(mw_store_ops *ops);
void mw_mem_alarm_ops(mw_store_ops *ops);
void mw_mem_people_ops(mw_store_ops *ops);
void mw_mem_file_ops(mw_store_ops *ops);
void mw_mem_model_ops(mw_store_ops *ops);
void mw_mem_decode_ops(mw_store_ops *ops);
void mw_mem_console_ops(mw_store_ops *ops);
void mw_mem_foreign_ops(mw_store_ops *ops);
void mw_mem_registry_ops(mw_store_ops *ops);
void mw_mem_page_ops(mw_store_ops *ops);

MW_NODISCARD mw_status mw_mem_locks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                    mw_utc to, mw_store_on_lock each, void *ctx);
MW_NODISCARD mw_status mw_mem_change(mw_mem *m, const mw_store_change *c);
/* The journal record with this number and the sender with this number; NULL = none. */
const mw_store_envelope *mw_mem_journal(mw_mem *m, int64_t id);
const mw_mem_sender *mw_mem_sender_find(mw_mem *m, int64_t sender);
/* What was let go of a journal record's content. */
bool mw_mem_forgotten(mw_mem *m, int64_t journal);
/* The newest reading of a channel's register: by t_meter, of equals the last that came. */
const mw_store_register *mw_mem_newest(mw_mem *m, int64_t tenant, int64_t channel,
                                       const uint8_t obis[6]);
/* The same as mw_mem_day of the reports that are folded. */
size_t mw_mem_folded_day(mw_mem *m, int64_t tenant, int64_t channel, int64_t day);
/* The state of a device; NULL = never heard. */
const mw_store_device_state *mw_mem_state_find(mw_mem *m, int64_t tenant, int64_t device);
/* m->rows = what reports up to a journal record made of a day, in the order of arrival. */
size_t mw_mem_day(mw_mem *m, int64_t tenant, int64_t channel, int64_t day, int64_t journal);

#endif
