// Eats memory until the kernel objects: `eater MEGABYTES`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
    long megabytes = argc > 1 ? atol(argv[1]) : 1000000;
    for (long i = 0; i < megabytes; i++) {
        char* room = malloc(1 << 20);
        if (!room) break;
        memset(room, (int)(i | 1), 1 << 20);
    }
    printf("eater: has had %ld MiB\n", megabytes);
    for (;;) pause();
}
