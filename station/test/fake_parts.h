/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of station/test/fake.h share.
 */
#ifndef MW_STATION_TEST_FAKE_PARTS_H
#define MW_STATION_TEST_FAKE_PARTS_H

#include "station/test/fake.h"

void fake_town_open(fake_town *t, const char *root);
void fake_town_close(fake_town *t);
/* Accepts, sends what fits and reads acknowledgements. */
void fake_town_turn(fake_town *t);

#endif
