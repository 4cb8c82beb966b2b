#include "dump/pages/page_packer.h"

#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/no_memory.h"

namespace postmortem {

struct PagePacker::Contexts {
    libdeflate_compressor* deflate = nullptr;
    ZSTD_CCtx* zstd = nullptr;

    ~Contexts() {
        if (deflate) libdeflate_free_compressor(deflate);
        ZSTD_freeCCtx(zstd);
    }
};

PagePacker::PagePacker(Codec codec, int level, std::unique_ptr<Contexts> contexts)
    : codec_(codec), level_(level), contexts_(std::move(contexts)) {}
PagePacker::PagePacker(PagePacker&&) noexcept = default;
PagePacker& PagePacker::operator=(PagePacker&&) noexcept = default;
PagePacker::~PagePacker() = default;

Result<PagePacker> PagePacker::make(Codec codec, int level) {
    auto contexts = std::make_unique<Contexts>();
    if (codec == Codec::Zlib) contexts->deflate = libdeflate_alloc_compressor(level);
    if (codec == Codec::Zstd) contexts->zstd = allocated(ZSTD_createCCtx());
    if (codec != Codec::Raw && !contexts->deflate && !contexts->zstd) {
        return fail(ErrorCode::Unsupported,
                    fmt::format("pages cannot be compressed with {} at level {}", to_string(codec), level));
    }
    return PagePacker(codec, level, std::move(contexts));
}

Bytes PagePacker::pack(Bytes page) {
    // Room for less than the page: what does not fit is better left as it is.
    packed_.resize(page.size() - 1);
    std::size_t size = 0;
    if (codec_ == Codec::Zlib) {
        size = libdeflate_zlib_compress(contexts_->deflate, page.data(), page.size(), packed_.data(),
                                        packed_.size());
    } else if (codec_ == Codec::Zstd) {
        size = ZSTD_compressCCtx(contexts_->zstd, packed_.data(), packed_.size(), page.data(), page.size(),
                                 level_);
        if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) tell_of_no_memory();
        if (ZSTD_isError(size)) size = 0;
    }
    return size == 0 ? page : Bytes(packed_).first(size);
}

}  // namespace postmortem
