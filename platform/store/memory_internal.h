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
        mw_store_factor factor;
        mw_store_register_spec spec;
        mw_store_register_mark mark;
    } u;
} mw_mem_owned;

typedef struct mw_mem_class {
    int64_t tenant, channel;
    uint8_t class;
} mw_mem_class;

typedef struct mw_mem_installation {
    int64_t tenant;
    mw_store_installation row;
    mw_utc superseded; /* MW_UTC_NONE = as known now */
} mw_mem_installation;

/* Every list of the store: name, type. */
#define MW_MEM_LISTS(X)                                                                            \
    X(tenants, mw_mem_name)                                                                        \
    X(cursors, mw_mem_name)                                                                        \
    X(senders, mw_mem_name)                                                                        \
    X(devices, mw_mem_owned)                                                                       \
    X(channels, mw_mem_owned)                                                                      \
    X(factors, mw_mem_owned)                                                                       \
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
    X(sessions, mw_store_session)

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
/* A copy of bytes that lives as long as the store; NULL for none or no memory. */
void *mw_mem_keep(mw_mem *m, const void *bytes, size_t n);
#define MW_MEM_EACH(type, item, list)                                                              \
    for (type *item = (list).p, *item##_end_ = item + (list).n;                                    \
         item != NULL && item < item##_end_; item++)

/* Puts the operations of each file into the table. */
void mw_mem_core_ops(mw_store_ops *ops);
void mw_mem_value_ops(mw_store_ops *ops);
void mw_mem_master_ops(mw_store_ops *ops);
void mw_mem_retention_ops(mw_store_ops *ops);
void mw_mem_vee_ops(mw_store_ops *ops);

MW_NODISCARD mw_status mw_mem_locks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                    mw_utc to, mw_store_on_lock each, void *ctx);
MW_NODISCARD mw_status mw_mem_change(mw_mem *m, const mw_store_change *c);
/* m->rows = what reports up to a journal record made of a day, in the order of arrival. */
size_t mw_mem_day(mw_mem *m, int64_t tenant, int64_t channel, int64_t day, int64_t journal);

#endif
