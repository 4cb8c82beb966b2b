#include "dump/pages/codec.h"

#include <memory>

#include <fmt/format.h>
#include <libdeflate.h>
#include <snappy-c.h>
#include <zstd.h>

#include "base/no_memory.h"
#include "base/per_thread.h"
#include "dump/pages/inflater.h"
#include "dump/pages/lzo1x.h"

namespace postmortem {
namespace {

class ZstdDecoder {
  public:
    ZSTD_DCtx* context() const { return context_.get(); }

  private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context_{allocated(ZSTD_createDCtx())};
};

bool inflate(Bytes packed, MutableBytes page) {
    static PerThread<Inflater> inflaters;
    // Without a place for the actual size, libdeflate insists on a full page.
    return libdeflate_zlib_decompress(inflaters.own().context(), packed.data(), packed.size(), page.data(),
                                      page.size(), nullptr) == LIBDEFLATE_SUCCESS;
}

bool unzstd(Bytes packed, MutableBytes page) {
    static PerThread<ZstdDecoder> decoders;
    return ZSTD_decompressDCtx(decoders.own().context(), page.data(), page.size(), packed.data(),
                               packed.size()) == page.size();
}

bool unsnap(Bytes packed, MutableBytes page) {
    std::size_t length = page.size();
    return snappy_uncompress(reinterpret_cast<const char*>(packed.data()), packed.size(),
                             reinterpret_cast<char*>(page.data()), &length) == SNAPPY_OK &&
           length == page.size();
}

bool decoded(Codec codec, Bytes packed, MutableBytes page) {
    switch (codec) {
        case Codec::Raw: break;
        case Codec::Zlib: return inflate(packed, page);
        case Codec::Lzo: return decompress_lzo1x(packed, page);
        case Codec::Snappy: return unsnap(packed, page);
        case Codec::Zstd: return unzstd(packed, page);
    }
    if (packed.size() != page.size()) return false;
    std::memcpy(page.data(), packed.data(), page.size());
    return true;
}

}  // namespace

std::string_view to_string(Codec codec) {
    switch (codec) {
        case Codec::Raw: return "raw";
        case Codec::Zlib: return "zlib";
        case Codec::Lzo: return "lzo";
        case Codec::Snappy: return "snappy";
        case Codec::Zstd: return "zstd";
    }
    return "unknown";
}

Result<void> decompress(Codec codec, Bytes packed, MutableBytes page) {
    if (!decoded(codec, packed, page)) {
        return fail(ErrorCode::Corrupt,
                    fmt::format("the page's {} bytes of {} data do not decompress to {} bytes", packed.size(),
                                to_string(codec), page.size()));
    }
    return {};
}

}  // namespace postmortem
