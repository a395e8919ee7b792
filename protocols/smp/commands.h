/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in the data of a command or request, code by code (docs/spec/smp.md section 4), and
 * the two proofs that need a key. Both sides use these: the platform puts, the meter takes.
 */
#ifndef MW_PROTOCOLS_SMP_COMMANDS_H
#define MW_PROTOCOLS_SMP_COMMANDS_H

#include "crypto/keys.h"
#include "protocols/smp/objects.h"

/* A command that does no harm when it comes late travels as a request (type 8), which has no
 * expiry: id 2, code 1, data up to the end of the object. It is four bytes shorter, so that all of
 * them but the group key fit an M frame with the whole counter. */
bool mw_smp_code_is_request(uint8_t code);
/* The object for a command: a request or a command by its code. MW_RANGE sticks in the writer. */
void mw_smp_order_put(mw_writer *w, const mw_smp_command *command);
/* Reads either; a request never expires: expires_s is MW_SMP_NEVER then. MW_NOT_FOUND when the
 * object is neither; MW_FORBIDDEN for a code in a request that must be able to expire. */
#define MW_SMP_NEVER UINT32_MAX
MW_NODISCARD mw_status mw_smp_order_decode(const mw_smp_object *object,
                                           mw_smp_command *out_command);

/* ---- READ_DAY, READ_ARCHIVE: the hours before `end_hour`, oldest first, in as many day objects as
 * it takes. READ_DAY 1..48 hours, READ_ARCHIVE up to MW_SMP_ARCHIVE_HOURS. ---- */
#define MW_SMP_ARCHIVE_HOURS 744

typedef struct mw_smp_read_hours {
    uint8_t channel;
    uint32_t end_hour; /* SMP hour number of the meter's grid */
    uint16_t hours;
} mw_smp_read_hours;

MW_NODISCARD mw_status mw_smp_read_hours_put(const mw_smp_read_hours *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_read_hours_of(const mw_smp_command *command,
                                            mw_smp_read_hours *out_a);

/* ---- READ_CONFIG: key; SET_CONFIG: the body of a configuration object ---- */
void mw_smp_read_config_put(uint16_t key, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_read_config_of(const mw_smp_command *command, uint16_t *out_key);
/* MW_SPACE when the items need more than MW_SMP_DATA_MAX bytes. */
MW_NODISCARD mw_status mw_smp_set_config_put(const mw_smp_config *config, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_set_config_of(const mw_smp_command *command,
                                            mw_smp_config *out_config);

/* SET_CONFIG_AT: the same, in force from a moment of the meter's clock on. No items cancel what
 * waits. At most MW_SMP_DATA_MAX - 4 bytes of items: MW_SPACE. */
MW_NODISCARD mw_status mw_smp_set_config_at_put(uint32_t at_s, const mw_smp_config *config,
                                                mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_set_config_at_of(const mw_smp_command *command, uint32_t *out_at_s,
                                               mw_smp_config *out_config);

/* ---- RELAY ---- */
void mw_smp_relay_put(bool closed, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_relay_of(const mw_smp_command *command, bool *out_closed);

/* ---- SCHEDULE: a part of a tariff schedule (protocols/tariff/schedule.h). All parts but the last
 * are full. The one that completes it is answered for the whole. ---- */
#define MW_SMP_SCHEDULE_PART  (MW_SMP_DATA_MAX - 3)
#define MW_SMP_SCHEDULE_PARTS 48
typedef struct mw_smp_schedule_part {
    uint8_t session;       /* of one schedule; another one begins anew */
    uint8_t number, parts; /* number 0..parts - 1 */
    uint8_t size;
    uint8_t data[MW_SMP_SCHEDULE_PART];
} mw_smp_schedule_part;

/* Part `number` of a schedule. MW_RANGE: it has no such part, or more than there may be. */
MW_NODISCARD mw_status mw_smp_schedule_cut(mw_slice schedule, uint8_t session, unsigned number,
                                           mw_smp_schedule_part *out_part);
static inline unsigned mw_smp_schedule_parts(size_t bytes) {
    return (unsigned)((bytes + MW_SMP_SCHEDULE_PART - 1) / MW_SMP_SCHEDULE_PART);
}
void mw_smp_schedule_put(const mw_smp_schedule_part *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_schedule_of(const mw_smp_command *command,
                                          mw_smp_schedule_part *out_a);

/* ---- SET_TIME: when the first copy of one of the meter's own frames began ---- */
typedef struct mw_smp_uplink_time {
    uint16_t counter_low; /* 12 bits, of that frame */
    bool step;            /* as in the time object */
    uint32_t time_s;
    uint16_t ms; /* 0..999 */
} mw_smp_uplink_time;

MW_NODISCARD mw_status mw_smp_set_time_put(const mw_smp_uplink_time *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_set_time_of(const mw_smp_command *command, mw_smp_uplink_time *out_a);

/* ---- KEY_EPOCH: change to the next key epoch. The proof is CMAC(group-wrap key of the new epoch,
 * "MW-KEY-EPOCH" | identity 8 | new epoch 4), its first 8 bytes: who merely learned the present
 * down key cannot make it. ---- */
#define MW_SMP_EPOCH_PROOF 8
typedef struct mw_smp_key_epoch {
    uint8_t epoch_low; /* low byte of the new epoch */
    uint8_t proof[MW_SMP_EPOCH_PROOF];
} mw_smp_key_epoch;

MW_NODISCARD mw_status mw_smp_key_epoch_prove(const mw_crypto *impl, const mw_key *master,
                                              const mw_device_id *id, uint32_t new_epoch,
                                              uint8_t out_proof[MW_SMP_EPOCH_PROOF]);
void mw_smp_key_epoch_put(const mw_smp_key_epoch *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_key_epoch_of(const mw_smp_command *command, mw_smp_key_epoch *out_a);

/* ---- GROUP_KEY: a group's key, sealed with AES-CCM under the meter's group-wrap key: 16 bytes and
 * a tag of 8. Nonce: 04 | air address 4 | group epoch 4 | group 4; associated data: the identity.
 * The same key for the same group and epoch gives the same bytes, so the nonce never seals two
 * contents. ---- */
#define MW_SMP_WRAPPED_GROUP 24
typedef struct mw_smp_group_key {
    uint32_t group; /* MW_SMP_GROUP_FIRST.. */
    uint32_t epoch;
    uint8_t wrapped[MW_SMP_WRAPPED_GROUP];
} mw_smp_group_key;

/* MW_RANGE for an address that is no group. wrap_epoch: the device's key epoch. */
MW_NODISCARD mw_status mw_smp_group_key_wrap(const mw_crypto *impl, const mw_key *master,
                                             const mw_device_id *id, uint32_t wrap_epoch,
                                             uint32_t address, const mw_key *key,
                                             mw_smp_group_key *io);
/* MW_AUTH. */
MW_NODISCARD mw_status mw_smp_group_key_unwrap(const mw_crypto *impl, const mw_key *master,
                                               const mw_device_id *id, uint32_t wrap_epoch,
                                               uint32_t address, const mw_smp_group_key *a,
                                               mw_key *out_key);
void mw_smp_group_key_put(const mw_smp_group_key *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_group_key_of(const mw_smp_command *command, mw_smp_group_key *out_a);

#endif
