// Eats memory until the kernel objects: `eater MEGABYTES [half]`. With `half`,
// half of each page is noise, so that swapping to zram saves about that much.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// xorshift64: noise that no compressor shrinks
static void fill_with_noise(char* room, size_t size) {
    static unsigned long long state = 88172645463325252ull;
    for (size_t at = 0; at + sizeof state <= size; at += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(room + at, &state, sizeof state);
    }
}

int main(int argc, char** argv) {
    long megabytes = argc > 1 ? atol(argv[1]) : 1000000;
    for (long i = 0; i < megabytes; i++) {
        char* room = malloc(1 << 20);
        if (!room) break;
        memset(room, (int)(i | 1), 1 << 20);
        if (argc > 2 && !strcmp(argv[2], "half"))
            for (size_t page = 0; page < 1 << 20; page += 4096) fill_with_noise(room + page, 2048);
    }
    printf("eater: has had %ld MiB\n", megabytes);
    for (;;) pause();
}
