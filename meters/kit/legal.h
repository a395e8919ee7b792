/* SPDX-License-Identifier: Apache-2.0
 *
 * The legally relevant part of a meter's firmware (WELMEC 7.2, extension S): the modules between
 * the sensor and the register's value on the display, apart from the rest in the image
 * (boards/qemu/board.ld lists them, docs/firmware.md explains why each), with a version of its own
 * and a checksum over its code and constants.
 */
#ifndef MW_METERS_KIT_LEGAL_H
#define MW_METERS_KIT_LEGAL_H

/* Counts up with every change of a module of the list. */
#define MW_LEGAL_VERSION 2

#endif
