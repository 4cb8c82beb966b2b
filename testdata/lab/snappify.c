// Rewrites a kdump-compressed file whose pages are raw so that they are
// compressed by snappy, just as `makedumpfile -p` does where it is built with
// snappy (Debian's is not: it stores the pages raw and says nothing).
//   snappify IN OUT
// Knows the 64-bit little-endian form of header version 6 alone.
#include <inttypes.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS = 424, BLOCK_SIZE = 428, SUB_HEADER_BLOCKS = 432, BITMAP_BLOCKS = 436 };
enum { SNAPPY = 4 };

struct page_desc {
    uint64_t offset;
    uint32_t size, flags;
    uint64_t page_flags;
};

static void check(int good, const char* what) {
    if (good) return;
    fprintf(stderr, "snappify: %s\n", what);
    exit(1);
}

static uint32_t u32(const char* at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void read_at(FILE* in, uint64_t offset, void* to, size_t size) {
    check(!fseeko(in, (off_t)offset, SEEK_SET) && fread(to, 1, size, in) == size, "cannot read");
}

int main(int argc, char** argv) {
    FILE *in, *out;
    check(argc == 3, "usage: snappify IN OUT");
    check((in = fopen(argv[1], "rb")) && (out = fopen(argv[2], "wb")), "cannot open");

    char header[512];
    read_at(in, 0, header, sizeof header);
    check(!memcmp(header, "KDUMP   ", 8), "not a kdump-compressed file");
    uint64_t block = u32(header + BLOCK_SIZE), bitmap_blocks = u32(header + BITMAP_BLOCKS);
    uint64_t bitmap = (1 + u32(header + SUB_HEADER_BLOCKS)) * block;
    uint64_t descriptors = bitmap + bitmap_blocks * block;
    check(block >= 4096 && block <= 65536, "odd block size");

    // Everything before the page descriptors stays, but for the codec.
    char* front = malloc(descriptors);
    check(front != NULL, "out of memory");
    read_at(in, 0, front, descriptors);
    uint32_t status = u32(front + STATUS) | SNAPPY;
    memcpy(front + STATUS, &status, sizeof status);
    check(fwrite(front, 1, descriptors, out) == descriptors, "cannot write");

    uint64_t pages = 0;
    for (uint64_t i = bitmap_blocks / 2 * block; i < bitmap_blocks * block; i++)
        pages += (uint64_t)__builtin_popcount((unsigned char)front[bitmap + i]);

    struct page_desc* table = calloc(pages + 1, sizeof *table);
    char* raw = malloc(block);
    size_t room = snappy_max_compressed_length(block);
    char* packed = malloc(room);
    check(table && raw && packed, "out of memory");
    read_at(in, descriptors, table, pages * sizeof *table);

    uint64_t at = descriptors + pages * sizeof *table, zero_in = 0;
    struct page_desc zero_out = {0};
    check(!fseeko(out, (off_t)at, SEEK_SET), "cannot seek");
    for (uint64_t i = 0; i < pages; i++) {
        struct page_desc* desc = &table[i];
        check(desc->flags == 0 && desc->size == block, "a page is compressed already");
        // The first page of data is the zero page, which many share.
        if (i > 0 && desc->offset == zero_in) {
            *desc = zero_out;
            continue;
        }
        uint64_t source = desc->offset;
        read_at(in, source, raw, block);
        size_t size = room;
        if (snappy_compress(raw, block, packed, &size) == SNAPPY_OK && size < block) {
            desc->flags = SNAPPY;
        } else {
            memcpy(packed, raw, block);
            size = block;
        }
        desc->offset = at;
        desc->size = (uint32_t)size;
        check(fwrite(packed, 1, size, out) == size, "cannot write");
        at += size;
        if (!zero_in && raw[0] == 0 && !memcmp(raw, raw + 1, block - 1)) {
            zero_in = source;
            zero_out = *desc;
        }
    }
    // Notes, VMCOREINFO and erase info lie before the descriptors or behind
    // the sub-header; makedumpfile puts them there, so nothing has moved.
    check(!fseeko(out, (off_t)descriptors, SEEK_SET), "cannot seek");
    check(fwrite(table, sizeof *table, pages, out) == pages && !fclose(out), "cannot write");
    return 0;
}
