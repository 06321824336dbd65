// Keccak-f[1600] (FIPS 202, 3.2), with its round constants wherever the build wants them:
// KECCAK_IN_CODE: in instructions; KECCAK_HALVES: upper and lower halves apart; KECCAK_MASKED: each combined with a
// number that only the running program has; KECCAK_COMPUTED: out of the shift register. Otherwise in a table.
#pragma once

#include <stdint.h>

#define ROUND_CONSTANTS(F) \
    F( 0, 0x00000000u, 0x00000001u) F( 1, 0x00000000u, 0x00008082u) F( 2, 0x80000000u, 0x0000808au) F( 3, 0x80000000u, 0x80008000u) \
    F( 4, 0x00000000u, 0x0000808bu) F( 5, 0x00000000u, 0x80000001u) F( 6, 0x80000000u, 0x80008081u) F( 7, 0x80000000u, 0x00008009u) \
    F( 8, 0x00000000u, 0x0000008au) F( 9, 0x00000000u, 0x00000088u) F(10, 0x00000000u, 0x80008009u) F(11, 0x00000000u, 0x8000000au) \
    F(12, 0x00000000u, 0x8000808bu) F(13, 0x80000000u, 0x0000008bu) F(14, 0x80000000u, 0x00008089u) F(15, 0x80000000u, 0x00008003u) \
    F(16, 0x80000000u, 0x00008002u) F(17, 0x80000000u, 0x00000080u) F(18, 0x00000000u, 0x0000800au) F(19, 0x80000000u, 0x8000000au) \
    F(20, 0x80000000u, 0x80008081u) F(21, 0x80000000u, 0x00008080u) F(22, 0x00000000u, 0x80000001u) F(23, 0x80000000u, 0x80008008u)

#define MASK 0x5bd1e995a7c41fb3ull

#if defined(KECCAK_HALVES)
#define UPPER(n, upper, lower) upper,
#define LOWER(n, upper, lower) lower,
static volatile const uint32_t upper_halves[24] = {ROUND_CONSTANTS(UPPER)};
static volatile const uint32_t lower_halves[24] = {ROUND_CONSTANTS(LOWER)};
#elif defined(KECCAK_MASKED)
#define MASKED(n, upper, lower) (((uint64_t)upper << 32 | lower) ^ MASK),
static volatile const uint64_t masked[24] = {ROUND_CONSTANTS(MASKED)};
#elif !defined(KECCAK_IN_CODE) && !defined(KECCAK_COMPUTED)
#define WHOLE(n, upper, lower) ((uint64_t)upper << 32 | lower),
static const uint64_t round_constants[24] = {ROUND_CONSTANTS(WHOLE)};
#endif

static inline uint64_t rotate(uint64_t x, unsigned n) {
    return x << n | x >> (64 - n);
}

#if !defined(KECCAK_IN_CODE)
static inline uint64_t round_constant(unsigned round) {
#if defined(KECCAK_HALVES)
    return (uint64_t)upper_halves[round] << 32 | lower_halves[round];
#elif defined(KECCAK_MASKED)
    static volatile uint64_t mask = MASK;
    return masked[round] ^ mask;
#elif defined(KECCAK_COMPUTED)
    uint64_t constant = 0;
    static volatile unsigned first = 1;
    unsigned state = first;
    for (unsigned n = 0; n < 7 * round + 7; n++) {
        if (n >= 7 * round)
            constant |= (uint64_t)(state & 1) << ((1u << (n - 7 * round)) - 1);
        state = state << 1 ^ (state & 0x80 ? 0x171 : 0);
    }
    return constant;
#else
    return round_constants[round];
#endif
}
#endif

static inline __attribute__((always_inline)) void keccak_round(uint64_t a[25], uint64_t constant) {
    static const unsigned char offsets[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                              25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    uint64_t c[5], b[25];
    for (int x = 0; x < 5; x++)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int i = 0; i < 25; i++)
        a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
    for (int x = 0; x < 5; x++)
        for (int y = 0; y < 5; y++) {
            uint64_t lane = a[x + 5 * y];
            b[y + 5 * ((2 * x + 3 * y) % 5)] = offsets[x + 5 * y] ? rotate(lane, offsets[x + 5 * y]) : lane;
        }
    for (int i = 0; i < 25; i++)
        a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
    a[0] ^= constant;
}

static __attribute__((noinline)) void keccak(uint64_t a[25]) {
#if defined(KECCAK_IN_CODE)
#define ROUND(n, upper, lower) keccak_round(a, (uint64_t)upper << 32 | lower);
    ROUND_CONSTANTS(ROUND)
#else
    for (unsigned round = 0; round < 24; round++)
        keccak_round(a, round_constant(round));
#endif
}
