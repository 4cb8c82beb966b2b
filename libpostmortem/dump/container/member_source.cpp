#include "dump/container/member_source.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace postmortem {
namespace {

SourceOrigin origin_of_member(const ByteSource& archive, const std::string& name, std::string_view kind) {
    SourceOrigin origin = archive.origin();
    origin.file += ":" + name;
    origin.wrapping += fmt::format("{} ", kind);
    return origin;
}

class MemberSource final : public ByteSource {
  public:
    MemberSource(std::shared_ptr<const ByteSource> archive, const std::string& name, std::string_view kind,
                 std::vector<MemberPiece> pieces, std::uint64_t size)
        : ByteSource(origin_of_member(*archive, name, kind)),
          archive_(std::move(archive)),
          pieces_(std::move(pieces)),
          size_(size) {}

    std::uint64_t size() const override { return size_; }

    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        const auto piece = piece_at(offset);
        if (!has(offset, length) || piece == pieces_.end() || piece->begin > offset ||
            length > piece->begin + piece->size - offset)
            return std::nullopt;
        return archive_->view(piece->at + (offset - piece->begin), length);
    }

    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (!has(offset, length) || length > scratch.size()) return std::nullopt;
        auto piece = piece_at(offset);
        for (std::uint64_t done = 0; done < length;) {
            const std::uint64_t at = offset + done, rest = length - done;
            if (piece == pieces_.end() || piece->begin > at) {
                const std::uint64_t gap = piece == pieces_.end() ? rest : std::min(rest, piece->begin - at);
                std::memset(scratch.data() + done, 0, gap);
                done += gap;
                continue;
            }
            const std::uint64_t size = std::min(rest, piece->begin + piece->size - at);
            const MutableBytes target = scratch.subspan(done, size);
            const auto bytes = archive_->read(piece->at + (at - piece->begin), size, target);
            if (!bytes) return std::nullopt;
            if (bytes->data() != target.data()) std::memcpy(target.data(), bytes->data(), size);
            done += size;
            ++piece;
        }
        return scratch.first(length);
    }

    std::uint64_t end_of_hole(std::uint64_t offset) const override {
        if (offset >= size_) return offset;
        const auto piece = piece_at(offset);
        return piece == pieces_.end() ? size_ : std::max(piece->begin, offset);
    }

  private:
    bool has(std::uint64_t offset, std::uint64_t length) const {
        return offset <= size_ && length <= size_ - offset;
    }
    // The piece that holds `offset`, or else the first one behind it.
    std::vector<MemberPiece>::const_iterator piece_at(std::uint64_t offset) const {
        return std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                [](std::uint64_t o, const MemberPiece& p) { return o < p.begin + p.size; });
    }

    std::shared_ptr<const ByteSource> archive_;
    std::vector<MemberPiece> pieces_;
    std::uint64_t size_;
};

}  // namespace

std::unique_ptr<ByteSource> make_member(std::shared_ptr<const ByteSource> archive, const std::string& name,
                                        std::string_view kind, std::vector<MemberPiece> pieces,
                                        std::uint64_t size) {
    for (auto piece = pieces.begin(); piece != pieces.end(); ++piece) {
        const std::uint64_t there = piece->at < archive->size() ? archive->size() - piece->at : 0;
        if (piece->size <= there) continue;
        size = std::min(size, piece->begin + there);
        piece->size = there;
        pieces.erase(piece + (there != 0), pieces.end());
        break;
    }
    return std::make_unique<MemberSource>(std::move(archive), name, kind, std::move(pieces), size);
}

}  // namespace postmortem
