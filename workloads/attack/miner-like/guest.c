#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "aes.h"
#include "keccak.h"
#ifndef NO_FINALS
#include "finals.h"
#endif

#ifndef SCRATCHPAD
#define SCRATCHPAD (2u << 20)
#endif
#ifndef STEPS
#define STEPS 1000
#endif

static uint8_t scratchpad[SCRATCHPAD] __attribute__((aligned(16)));

static void fill(uint64_t state[25]) {
    uint32_t text[4], *key = (uint32_t *)state;
    memcpy(text, &state[8], sizeof text);
    for (uint32_t at = 0; at < SCRATCHPAD; at += sizeof text) {
        for (int round = 0; round < 10; round++)
            aes_round(text, &key[4 * (round % 4)]);
        memcpy(&scratchpad[at], text, sizeof text);
    }
}

static uint64_t high_product(uint64_t a, uint64_t b) {
    uint64_t low = (a & 0xffffffff) * (b & 0xffffffff), middle = (a >> 32) * (b & 0xffffffff) + (low >> 32);
    return (a >> 32) * (b >> 32) + (middle >> 32);
}

static void walk(uint64_t state[25]) {
    uint64_t a[2] = {state[0] ^ state[4], state[1] ^ state[5]}, b[2] = {state[2] ^ state[6], state[3] ^ state[7]};
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t at = (uint32_t)a[0] & (SCRATCHPAD - 16);
        uint32_t text[4];
        memcpy(text, &scratchpad[at], sizeof text);
        aes_round(text, (const uint32_t *)a);
        uint64_t c[2];
        memcpy(c, text, sizeof c);
        b[0] ^= c[0];
        b[1] ^= c[1];
        memcpy(&scratchpad[at], b, sizeof b);
        at = (uint32_t)c[0] & (SCRATCHPAD - 16);
        uint64_t d[2];
        memcpy(d, &scratchpad[at], sizeof d);
        a[0] += high_product(c[0], d[0]);
        a[1] += c[0] * d[0];
        memcpy(&scratchpad[at], a, sizeof a);
        a[0] ^= d[0];
        a[1] ^= d[1];
        memcpy(b, c, sizeof b);
    }
    state[0] ^= a[0];
    state[1] ^= a[1];
}

static void collect(uint64_t state[25]) {
    uint32_t *key = (uint32_t *)&state[4], *text = (uint32_t *)&state[8];
    for (uint32_t at = 0; at < SCRATCHPAD; at += 16) {
        for (int i = 0; i < 4; i++)
            text[i] ^= ((const uint32_t *)scratchpad)[at / 4 + (uint32_t)i];
        aes_round(text, key);
    }
}

int main(int argc, char **argv) {
    uint64_t state[25] = {0};
    state[0] = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
#if defined(AES_COMPUTED)
    make_s_box();
#endif
    keccak(state);
    fill(state);
    walk(state);
    collect(state);
    keccak(state);
#ifndef NO_FINALS
    switch (state[0] & 3) {
    case 0: blake_step(state); break;
    case 1: groestl_step(state); break;
    case 2: jh_step(state); break;
    default: skein_step(state);
    }
#endif
    printf("%016llx\n", (unsigned long long)state[0]);
    return 0;
}
