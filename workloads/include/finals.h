// One step each of the hashes that CryptoNight may end with: enough to have their constants and their mix of
// instructions, not the hashes.
#pragma once

#include <stdint.h>

#include "s-box.h"

static const uint32_t pi_digits[16] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                                       0x082efa98, 0xec4e6c89, 0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c,
                                       0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917};
static const uint32_t blake_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static uint32_t turn32(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

// BLAKE-256's G, over 14 rounds in one order.
static void blake_step(uint64_t state[25]) {
    uint32_t v[16], *m = (uint32_t *)state;
    for (int i = 0; i < 8; i++) {
        v[i] = blake_start[i] ^ m[i];
        v[i + 8] = pi_digits[i];
    }
    for (int round = 0; round < 14; round++)
        for (int g = 0; g < 4; g++) {
            uint32_t *a = &v[g], *b = &v[4 + g], *c = &v[8 + g], *d = &v[12 + g];
            unsigned i = (unsigned)(round * 3 + g * 2) % 16, j = (i + 1) % 16;
            *a += *b + (m[i] ^ pi_digits[j]);
            *d = turn32(*d ^ *a, 16);
            *c += *d;
            *b = turn32(*b ^ *c, 12);
            *a += *b + (m[j] ^ pi_digits[i]);
            *d = turn32(*d ^ *a, 8);
            *c += *d;
            *b = turn32(*b ^ *c, 7);
        }
    for (int i = 0; i < 8; i++)
        m[i] ^= v[i] ^ v[i + 8];
}

#define TIMES2(x) (uint64_t)((((x) << 1) ^ ((x) & 0x80 ? 0x1b : 0)) & 0xff)
#define TIMES3(x) (TIMES2(x) ^ (x))
#define TIMES4(x) (TIMES2(TIMES2(x)))
#define TIMES5(x) (TIMES4(x) ^ (x))
#define TIMES7(x) (TIMES4(x) ^ TIMES2(x) ^ (x))
#define ROW(x) \
    (TIMES2(x) | TIMES2(x) << 56 | TIMES3(x) << 48 | TIMES4(x) << 40 | TIMES5(x) << 32 | TIMES3(x) << 24 | \
     TIMES5(x) << 16 | TIMES7(x) << 8),
static const uint64_t groestl_rows[256] = {S_BOX(ROW)};

// One of Groestl-256's permutations: tables of whole columns.
static void groestl_step(uint64_t state[25]) {
    uint64_t next[8];
    for (uint64_t round = 0; round < 10; round++) {
        for (int c = 0; c < 8; c++) {
            next[c] = 0;
            for (int row = 0; row < 8; row++) {
                uint64_t column = state[(c + row) % 8] ^ ((uint64_t)c << 4 ^ round);
                uint64_t value = groestl_rows[column >> 8 * row & 0xff];
                next[c] ^= row ? value << 8 * row | value >> (64 - 8 * row) : value;
            }
        }
        for (int c = 0; c < 8; c++)
            state[c] = next[c];
    }
}

static const uint32_t jh_constants[8] = {0xa2ded572, 0x67f815df, 0x0a15847b, 0x571523b7,
                                         0x90d6ab81, 0xf6875a4d, 0xc54f9f4e, 0x402bd1c3};

// JH's S-boxes in bit slices, with the constants of its first round in every round.
static void jh_step(uint64_t state[25]) {
    for (int round = 0; round < 42; round++)
        for (int i = 0; i < 4; i++) {
            uint64_t cc = (uint64_t)jh_constants[2 * i + 1] << 32 | jh_constants[2 * i];
            uint64_t *a = &state[i], *b = &state[i + 4], *c = &state[i + 8], *d = &state[i + 12];
            *d = ~*d;
            *a ^= cc & ~*c;
            uint64_t t = cc ^ (*a & *b);
            *a ^= *c & *d;
            *d ^= ~*b & *c;
            *b ^= *a & *c;
            *c ^= *a & ~*d;
            *a ^= *b | *d;
            *d ^= *b & *c;
            *b ^= t & *a;
            *c ^= t;
        }
}

// Threefish-512's mix, with the constant of its key schedule.
static void skein_step(uint64_t state[25]) {
    static const unsigned char turns[8] = {46, 36, 19, 37, 33, 27, 14, 42};
    uint64_t parity = 0x1bd11bdaa9fc1a22ull;
    for (int i = 0; i < 8; i++)
        parity ^= state[i];
    for (int round = 0; round < 72; round++) {
        for (int i = 0; i < 4; i++) {
            uint64_t *a = &state[2 * i], *b = &state[(2 * i + 2 * round + 1) % 8];
            unsigned n = turns[(round + i) % 8];
            *a += *b;
            *b = (*b << n | *b >> (64 - n)) ^ *a;
        }
        if (round % 4 == 3)
            state[round % 8] += state[8 + round % 8] ^ parity;
    }
}
