/* SPDX-License-Identifier: Apache-2.0
 *
 * What production writes into a meter, and the lock that ends it.
 *
 *   slot | tag u8 | index u8 | length u8 | 0 | data [56] | CRC-32 |       at the end of the flash
 *
 * Until the lock, an item may be written again: the newest counts. The lock holds a code over all
 * items, keyed with the meter's own key, so it proves to the tool that every item and the key
 * arrived without showing the key. From then on every write is refused; there is no call and no
 * order that shows a key, before or after. Only erasing opens a meter again, and erasing takes
 * everything with it: keys, calibration, registers, archive and the permanent record. It is begun
 * with a mark, so a power cut in the middle is made good by the next mount.
 *
 * The port (mw_production_port) is one line of text each way:
 *
 *   identify                  -> ok MODEL FIRMWARE LEGAL-VERSION LEGAL-CHECKSUM open|locked SERIAL
 *   put NAME INDEX HEX        -> ok          NAME: serial device address key epoch plan config
 *                                            calibration
 *   check                     -> ok CODE     8 hex digits
 *   lock CODE                 -> ok
 *   erase                     -> ok          a locked meter: only with the switch under the seal
 *   anything refused          -> error NAME  (mw_status_name)
 */
#ifndef MW_METERS_KIT_PRODUCTION_H
#define MW_METERS_KIT_PRODUCTION_H

#include "meters/kit/board.h"
#include "meters/kit/config.h"

#define MW_PRODUCTION_SECTORS      2
#define MW_PRODUCTION_DATA         56
#define MW_PRODUCTION_SLOT         64
#define MW_PRODUCTION_CALIBRATIONS 10 /* pieces; the last may be shorter */
#define MW_PRODUCTION_CODE         4
#define MW_PRODUCTION_SERIAL_MAX   24
#define MW_PRODUCTION_LINE         160 /* of the port, either way, with its terminator */
/* Where the items begin in a flash of so many sectors: behind all logs. */
#define MW_PRODUCTION_AT(sector_count) ((sector_count)-MW_PRODUCTION_SECTORS)

typedef enum mw_production_tag {
    MW_PRODUCTION_SERIAL = 1, /* text, as on the label */
    MW_PRODUCTION_DEVICE,     /* 8 bytes */
    MW_PRODUCTION_ADDRESS,    /* u32, little-endian like all numbers here */
    MW_PRODUCTION_KEY,        /* 16 bytes */
    MW_PRODUCTION_EPOCH,      /* u32; may be left out: 0 */
    MW_PRODUCTION_PLAN,       /* text: frequency plan */
    MW_PRODUCTION_CONFIG,     /* MW_METER_CONFIG_PAYLOAD bytes; may be left out: the defaults */
    MW_PRODUCTION_CALIBRATION,
    MW_PRODUCTION_TAGS, /* no item */
    MW_PRODUCTION_LOCK = 0x4C,
    MW_PRODUCTION_ERASE = 0x45,
} mw_production_tag;

typedef struct mw_production {
    const mw_flash *flash; /* the whole flash; must outlive this */
    const mw_meter_model *model;
    uint32_t legal_checksum; /* told by identify */
    uint32_t next;           /* slot to be written next */
    bool locked;
} mw_production;

/* Reads the items; finishes an erasure that a cut interrupted. MW_IO, MW_SPACE: flash too small. */
MW_NODISCARD mw_status mw_production_mount(mw_production *p, const mw_flash *flash,
                                           const mw_meter_model *model);
/* MW_FORBIDDEN: locked. MW_RANGE: length or content. MW_SPACE, MW_IO. */
MW_NODISCARD mw_status mw_production_put(mw_production *p, mw_production_tag tag, uint8_t index,
                                         mw_slice data);
/* MW_NOT_FOUND; MW_SPACE: `out` is shorter; MW_IO. */
MW_NODISCARD mw_status mw_production_get(const mw_production *p, mw_production_tag tag,
                                         uint8_t index, mw_span out, size_t *out_bytes);
/* The first bytes of AES-CMAC(key, tag | index | length | data of every item but the key, in the
 * order of tags and indices). MW_STATE: there is no key. MW_IO. */
MW_NODISCARD mw_status mw_production_code(const mw_production *p,
                                          uint8_t out_code[MW_PRODUCTION_CODE]);
/* Ends production. MW_AUTH: another code. MW_STATE: an item is missing. MW_RANGE: the
 * configuration does not suit model and plan. MW_FORBIDDEN: it is locked. MW_IO. */
MW_NODISCARD mw_status mw_production_lock(mw_production *p, const uint8_t code[MW_PRODUCTION_CODE]);
/* Wipes the whole flash. MW_IO: try again, the mark stands. */
MW_NODISCARD mw_status mw_production_erase(mw_production *p);

/* What a locked meter boots with, `sealed` set. MW_STATE: not locked. MW_CORRUPT: the items are not
 * those that were locked. MW_IO. */
MW_NODISCARD mw_status mw_production_provision(const mw_production *p,
                                               mw_meter_provision *out_provision);
/* All pieces of the calibration in a row; 0 bytes when there is none. MW_SPACE, MW_IO. */
MW_NODISCARD mw_status mw_production_calibration(const mw_production *p, mw_span out,
                                                 size_t *out_bytes);

/* Obeys one line without its end; `service`: the switch under the seal is set. Returns the
 * answer's length; it has no line end and no terminator. */
size_t mw_production_port(mw_production *p, const char *line, bool service,
                          char out_answer[MW_PRODUCTION_LINE]);

#endif
