#include "support/pack_page.h"

#include <stdexcept>

#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>
#ifdef POSTMORTEM_HAS_LZO
#include <lzo/lzo1x.h>
#endif

namespace postmortem::test {
namespace {

void check_packed(bool done) {
    if (!done) throw std::runtime_error("compressing a page failed");
}

#ifdef POSTMORTEM_HAS_LZO
std::size_t lzo(Bytes page, std::vector<std::byte>& packed) {
    check_packed(lzo_init() == LZO_E_OK);
    std::vector<unsigned char> work(LZO1X_1_MEM_COMPRESS);
    lzo_uint size = packed.size();
    check_packed(lzo1x_1_compress(reinterpret_cast<const unsigned char*>(page.data()), page.size(),
                                  reinterpret_cast<unsigned char*>(packed.data()), &size,
                                  work.data()) == LZO_E_OK);
    return size;
}
#else
std::size_t lzo(Bytes, std::vector<std::byte>&) {
    throw std::runtime_error("built without liblzo2");
}
#endif

std::size_t packed_size(Codec codec, Bytes page, std::vector<std::byte>& packed) {
    switch (codec) {
        case Codec::Raw: break;
        case Codec::Zlib: {
            uLongf size = packed.size();
            check_packed(::compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                                     reinterpret_cast<const Bytef*>(page.data()), page.size(), 1) == Z_OK);
            return size;
        }
        case Codec::Lzo: return lzo(page, packed);
        case Codec::Snappy: {
            std::size_t size = packed.size();
            check_packed(snappy_compress(reinterpret_cast<const char*>(page.data()), page.size(),
                                         reinterpret_cast<char*>(packed.data()), &size) == SNAPPY_OK);
            return size;
        }
        case Codec::Zstd: {
            const std::size_t size = ZSTD_compress(packed.data(), packed.size(), page.data(), page.size(), 1);
            check_packed(!ZSTD_isError(size));
            return size;
        }
    }
    std::memcpy(packed.data(), page.data(), page.size());
    return page.size();
}

}  // namespace

bool can_pack([[maybe_unused]] Codec codec) {
#ifdef POSTMORTEM_HAS_LZO
    return true;
#else
    return codec != Codec::Lzo;
#endif
}

std::vector<std::byte> pack_page(Codec codec, Bytes page) {
    std::vector<std::byte> packed(2 * page.size() + 1024);
    packed.resize(packed_size(codec, page, packed));
    return packed;
}

}  // namespace postmortem::test
