/* Unpacks every page of a kdump-compressed file with the codecs' own libraries and does nothing else: what `info --check` is
 * held against.  bare_codec DUMP THREADS     (version 6 of a 64-bit little-endian machine; no split set)
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <pthread.h>
#include <snappy-c.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { ZLIB = 1, LZO = 2, SNAPPY = 4, ZSTD = 0x20, AT_A_TIME = 512 };

struct descriptor {
    uint64_t offset;
    uint32_t size, flags;
    uint64_t page_flags;
};

static const uint8_t *file;
static const struct descriptor *pages;
static uint64_t count;
static uint32_t page_size;
static atomic_ullong next, failed;

static int unpack(const struct descriptor *page, uint8_t *out, struct libdeflate_decompressor *deflate, ZSTD_DCtx *zstd) {
    const uint8_t *in = file + page->offset;
    size_t length = page_size;
    lzo_uint lzo_length = page_size;
    switch (page->flags) {
        case 0: memcpy(out, in, page_size); return 1;
        case ZLIB: return libdeflate_zlib_decompress(deflate, in, page->size, out, page_size, NULL) == LIBDEFLATE_SUCCESS;
        case LZO: return lzo1x_decompress_safe(in, page->size, out, &lzo_length, NULL) == LZO_E_OK && lzo_length == page_size;
        case SNAPPY:
            return snappy_uncompress((const char *)in, page->size, (char *)out, &length) == SNAPPY_OK && length == page_size;
        case ZSTD: return ZSTD_decompressDCtx(zstd, out, page_size, in, page->size) == page_size;
        default: return 0;
    }
}

static void *unpack_some(void *unused) {
    uint8_t *out = malloc(page_size);
    struct libdeflate_decompressor *deflate = libdeflate_alloc_decompressor();
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    for (uint64_t first; (first = atomic_fetch_add(&next, AT_A_TIME)) < count;)
        for (uint64_t i = first; i < count && i < first + AT_A_TIME; ++i)
            if (!unpack(pages + i, out, deflate, zstd)) ++failed;
    free(out);
    libdeflate_free_decompressor(deflate);
    ZSTD_freeDCtx(zstd);
    return unused;
}

static uint32_t header_word(size_t at) {
    uint32_t word;
    memcpy(&word, file + at, sizeof word);
    return word;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const int fd = open(argv[1], O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || lzo_init() != LZO_E_OK) return 2;
    file = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED || memcmp(file, "KDUMP   ", 8) != 0) return 2;
    page_size = header_word(428);
    const uint64_t sub_blocks = header_word(432), bitmap_blocks = header_word(436);
    const uint8_t *dumped = file + (1 + sub_blocks + bitmap_blocks / 2) * page_size;
    for (uint64_t i = 0; i < bitmap_blocks / 2 * page_size; ++i) count += (unsigned)__builtin_popcount(dumped[i]);
    pages = (const struct descriptor *)(file + (1 + sub_blocks + bitmap_blocks) * page_size);

    const int threads = atoi(argv[2]);
    pthread_t others[64];
    for (int i = 1; i < threads && i < 64; ++i) pthread_create(others + i, NULL, unpack_some, NULL);
    unpack_some(NULL);
    for (int i = 1; i < threads && i < 64; ++i) pthread_join(others[i], NULL);
    printf("%llu pages, %llu failed\n", (unsigned long long)count, (unsigned long long)failed);
    return failed != 0;
}
