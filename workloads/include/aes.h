// One round of AES (FIPS 197, 5.1), by a table of whole columns (AES_COLUMNS), by an S-box that is made when the program
// starts (AES_COMPUTED), or by one in the data.
#pragma once

#include <stdint.h>
#include <string.h>

#include "s-box.h"

#define TWICE(x) ((((x) << 1) ^ ((x) & 0x80 ? 0x1b : 0)) & 0xff)

#if defined(AES_COLUMNS)
#define COLUMN(x) (uint32_t)(TWICE(x) | (x) << 8 | (x) << 16 | (uint32_t)(TWICE(x) ^ (x)) << 24),
static const uint32_t columns[256] = {S_BOX(COLUMN)};
#elif defined(AES_COMPUTED)
static uint8_t s_box[256];
static uint8_t turn(uint8_t x, int n) {
    return (uint8_t)(x << n | x >> (8 - n));
}
static void make_s_box(void) {
    uint8_t p = 1, q = 1;
    do {
        p = (uint8_t)(p ^ TWICE(p));
        q ^= (uint8_t)(q << 1);
        q ^= (uint8_t)(q << 2);
        q ^= (uint8_t)(q << 4);
        q ^= q & 0x80 ? 0x09 : 0;
        s_box[p] = (uint8_t)(q ^ turn(q, 1) ^ turn(q, 2) ^ turn(q, 3) ^ turn(q, 4) ^ 0x63);
    } while (p != 1);
    s_box[0] = 0x63;
}
#else
#define ENTRY(x) x,
static const uint8_t s_box[256] = {S_BOX(ENTRY)};
#endif

static void aes_round(uint32_t state[4], const uint32_t key[4]) {
    uint32_t next[4];
    for (int c = 0; c < 4; c++) {
#if defined(AES_COLUMNS)
        uint32_t column = columns[state[c] & 0xff];
        uint32_t b = columns[state[(c + 1) % 4] >> 8 & 0xff], d = columns[state[(c + 2) % 4] >> 16 & 0xff];
        uint32_t e = columns[state[(c + 3) % 4] >> 24];
        column ^= (b << 8 | b >> 24) ^ (d << 16 | d >> 16) ^ (e << 24 | e >> 8);
#else
        uint32_t column = 0;
        uint8_t s[4];
        for (int row = 0; row < 4; row++)
            s[row] = s_box[state[(c + row) % 4] >> 8 * row & 0xff];
        for (int row = 0; row < 4; row++) {
            uint32_t a = s[row], b = s[(row + 1) % 4];
            column |= (TWICE(a) ^ TWICE(b) ^ b ^ s[(row + 2) % 4] ^ s[(row + 3) % 4]) << 8 * row;
        }
#endif
        next[c] = column ^ key[c];
    }
    memcpy(state, next, sizeof next);
}
