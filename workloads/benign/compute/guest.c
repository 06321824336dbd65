// Small computations of different kinds, to measure with: `guest KIND TIMES`.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Calls that do little.
__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// A tight loop over memory.
static uint32_t sieve(void) {
    static uint8_t composite[1 << 16];
    memset(composite, 0, sizeof composite);
    uint32_t primes = 0;
    for (uint32_t i = 2; i < sizeof composite; i++) {
        if (!composite[i]) {
            primes++;
            for (uint32_t j = 2 * i; j < sizeof composite; j += i) {
                composite[j] = 1;
            }
        }
    }
    return primes;
}

// Floating point in nested loops.
static uint32_t matrix(void) {
    enum { N = 48 };
    static double a[N][N], b[N][N], c[N][N];
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = i + j;
            b[i][j] = i - j;
            c[i][j] = 0;
        }
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            for (int k = 0; k < N; k++) {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    return (uint32_t)(int32_t)c[3][5];
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// Branches that nobody can foresee, and calls through a table.
static uint32_t sort(void) {
    static uint32_t values[4096];
    uint32_t state = 1;
    for (int i = 0; i < 4096; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = state;
    }
    qsort(values, 4096, sizeof *values, by_value);
    return values[2048];
}

// Long blocks without a branch, and a frame on the shadow stack.
__attribute__((noinline)) static uint32_t mix(const uint32_t *key) {
    volatile uint32_t s[4] = {key[0], key[1], key[2], key[3]};
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
    for (int i = 0; i < 8; i++) {
        a += b; d ^= a; d = d << 16 | d >> 16;
        c += d; b ^= c; b = b << 12 | b >> 20;
        a += b; d ^= a; d = d << 8 | d >> 24;
        c += d; b ^= c; b = b << 7 | b >> 25;
    }
    s[0] = a ^ b ^ c ^ d;
    return s[0];
}

// Characters one by one through a switch.
static uint32_t scan(void) {
    static const char text[] = "{\"key\": [1, 2.5, -3, true, null], \"other\": {\"text\": \"a\\nb\"}}";
    uint32_t depth = 0, sum = 0;
    for (int round = 0; round < 200; round++) {
        for (const char *p = text; *p; p++) {
            switch (*p) {
                case '{': case '[': depth++; break;
                case '}': case ']': depth--; break;
                case '"': sum += 3; break;
                case '\\': p++; break;
                case ' ': case ',': case ':': break;
                default: sum += (uint8_t)*p ^ depth;
            }
        }
    }
    return sum;
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "all";
    int times = argc > 2 ? atoi(argv[2]) : 1;
    int all = strcmp(kind, "all") == 0;
    uint32_t sum = 0;
    for (int i = 0; i < times; i++) {
        if (all || strcmp(kind, "calls") == 0) sum += fibonacci(22);
        if (all || strcmp(kind, "loop") == 0) sum += sieve();
        if (all || strcmp(kind, "float") == 0) sum += matrix();
        if (all || strcmp(kind, "sort") == 0) sum += sort();
        if (all || strcmp(kind, "mix") == 0) {
            uint32_t key[4] = {sum, 2, 3, 4};
            for (int j = 0; j < 10000; j++) {
                key[j & 3] += mix(key);
            }
            sum += key[0];
        }
        if (all || strcmp(kind, "scan") == 0) sum += scan();
    }
    printf("%s %d: %u\n", kind, times, sum);
    return 0;
}
