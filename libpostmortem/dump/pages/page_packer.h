// Compresses pages for a dump that is being written.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "dump/pages/codec.h"

namespace postmortem {

/// Not to be used by several threads at once.
class PagePacker {
  public:
    /// `codec` is Raw, Zlib or Zstd, and `level` one of its own levels. Errors: Unsupported.
    static Result<PagePacker> make(Codec codec, int level);

    PagePacker(PagePacker&&) noexcept;
    PagePacker& operator=(PagePacker&&) noexcept;
    ~PagePacker();

    /// The page, compressed; the bytes are valid until the next call. The page itself where compressing does
    /// not make it smaller.
    Bytes pack(Bytes page);

    Codec codec() const { return codec_; }

  private:
    struct Contexts;
    PagePacker(Codec codec, int level, std::unique_ptr<Contexts> contexts);

    Codec codec_;
    int level_;
    std::unique_ptr<Contexts> contexts_;
    std::vector<std::byte> packed_;
};

}  // namespace postmortem
