#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Without a choice: everything.
#if !defined(SHA_256) && !defined(SHA_3) && !defined(BLAKE) && !defined(AES) && !defined(COMPRESS)
#define SHA_256
#define SHA_3
#define BLAKE
#define AES
#define COMPRESS
#endif

#ifdef SHA_256
static const uint32_t sha_256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t right(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

// FIPS 180-4, 6.2.2.
static void sha_256_block(uint32_t state[8], const uint32_t block[16]) {
    uint32_t w[64], v[8];
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        if (i < 16) {
            w[i] = block[i];
        } else {
            uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + (right(a, 7) ^ right(a, 18) ^ a >> 3) + w[i - 7] + (right(b, 17) ^ right(b, 19) ^ b >> 10);
        }
        uint32_t sum = right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25);
        uint32_t first = v[7] + sum + ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha_256_k[i] + w[i];
        uint32_t most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t second = (right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22)) + most;
        memmove(&v[1], v, 7 * sizeof v[0]);
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}
#endif

#ifdef SHA_3
#include "keccak.h"
#endif
#ifdef AES
#include "aes.h"
#endif

#ifdef BLAKE
static const uint64_t blake_start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                        0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                        0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// BLAKE2b's G (RFC 7693, 3.1), over its rounds in one order of words.
static void blake_block(uint64_t state[8], const uint64_t block[16]) {
    uint64_t v[16];
    memcpy(v, state, 8 * sizeof v[0]);
    memcpy(&v[8], blake_start, sizeof blake_start);
    for (int round = 0; round < 12; round++)
        for (int g = 0; g < 8; g++) {
            int turn = g / 4;
            uint64_t *a = &v[g % 4], *b = &v[4 + (g + turn) % 4], *c = &v[8 + (g + 2 * turn) % 4];
            uint64_t *d = &v[12 + (g + 3 * turn) % 4];
            *a += *b + block[2 * g];
            *d = (*d ^ *a) >> 32 | (*d ^ *a) << 32;
            *c += *d;
            *b = (*b ^ *c) >> 24 | (*b ^ *c) << 40;
            *a += *b + block[2 * g + 1];
            *d = (*d ^ *a) >> 16 | (*d ^ *a) << 48;
            *c += *d;
            *b = (*b ^ *c) >> 63 | (*b ^ *c) << 1;
        }
    for (int i = 0; i < 8; i++)
        state[i] ^= v[i] ^ v[i + 8];
}
#endif

#ifdef COMPRESS
// LZ77 with a table of the last places: literals, and copies of four bytes or more.
static unsigned compress(const uint8_t *in, unsigned length, uint8_t *out) {
    static uint16_t last[4096];
    unsigned made = 0;
    for (unsigned at = 0; at < length;) {
        unsigned hash = at + 4 <= length ? (in[at] * 33u + in[at + 1] * 7u + in[at + 2]) & 4095 : 0;
        unsigned before = last[hash], same = 0;
        last[hash] = (uint16_t)at;
        while (before < at && at + same < length && same < 255 && in[before + same] == in[at + same])
            same++;
        if (same >= 4) {
            out[made++] = 0xff;
            out[made++] = (uint8_t)(at - before);
            out[made++] = (uint8_t)same;
            at += same;
        } else {
            out[made++] = in[at++];
        }
    }
    return made;
}
#endif

int main(int argc, char **argv) {
    uint8_t text[512] = {0};
    strncpy((char *)text, argc > 1 ? argv[1] : "text", sizeof text - 1);
    uint64_t sum = 0;
#ifdef SHA_256
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t block[16];
    memcpy(block, text, sizeof block);
    sha_256_block(state, block);
    sum ^= state[0];
#endif
#ifdef SHA_3
    uint64_t lanes[25] = {0};
    memcpy(lanes, text, 136);
    keccak(lanes);
    sum ^= lanes[0];
#endif
#ifdef BLAKE
    uint64_t chain[8], words[16];
    memcpy(chain, blake_start, sizeof chain);
    memcpy(words, text, sizeof words);
    blake_block(chain, words);
    sum ^= chain[0];
#endif
#ifdef AES
    uint32_t key[4] = {1, 2, 3, 4}, data[4];
    memcpy(data, text, sizeof data);
#ifdef AES_COMPUTED
    make_s_box();
#endif
    for (int round = 0; round < 10; round++)
        aes_round(data, key);
    sum ^= data[0];
#endif
#ifdef COMPRESS
    uint8_t packed[3 * sizeof text];
    sum ^= compress(text, sizeof text, packed) + packed[0];
#endif
    printf("%016llx\n", (unsigned long long)sum);
    return 0;
}
