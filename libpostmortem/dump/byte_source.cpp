#include "dump/byte_source.h"

namespace postmortem {

std::optional<Bytes> read_kept(const ByteSource& source, std::uint64_t offset, std::uint64_t length,
                               std::vector<std::byte>& storage) {
    if (length > max_kept_bytes) return std::nullopt;
    if (const auto in_place = source.view(offset, length)) return in_place;
    if (offset > source.size() || length > source.size() - offset) return std::nullopt;
    storage.resize(length);
    return source.read(offset, length, storage);
}

}  // namespace postmortem
