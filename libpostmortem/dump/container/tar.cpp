// tar: blocks of 512 bytes, a header before each member (POSIX.1-2001 pax; GNU tar's manual, "Storing Sparse
// Files").
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"
#include "dump/container/archive.h"
#include "dump/container/member_source.h"

namespace postmortem {
namespace {

constexpr std::uint64_t block = 512;
constexpr std::size_t max_pieces = 1u << 20;
constexpr std::size_t max_map = max_pieces * 2 * 21;  // lines of 20 digits
constexpr std::uint64_t max_extended = 1u << 20;      // of a pax header or a long name
constexpr std::uint64_t max_size = 1ull << 50;
constexpr std::size_t blocks_at_once = 2048;

using Block = std::array<std::byte, block>;

std::string_view text_at(const Block& header, std::size_t at, std::size_t size) {
    return until_nul(as_text(header).substr(at, size));
}

// Octal digits, or GNU's base 256 for what does not fit.
std::optional<std::uint64_t> number_at(const Block& header, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    const auto first = std::to_integer<unsigned>(header[at]);
    if ((first & 0x80) != 0) {
        for (std::size_t i = 1; i < size; ++i) {
            if (value >> 56 != 0) return std::nullopt;
            value = value << 8 | std::to_integer<unsigned>(header[at + i]);
        }
        return value;
    }
    const std::string_view digits = trimmed(text_at(header, at, size));
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8).ptr;
    return end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
}

bool has_magic(const Block& header) {
    const std::string_view magic = as_text(header).substr(257, 6);
    return magic == std::string_view("ustar\0", 6) || magic == "ustar ";
}

// The sum of all bytes, those of the checksum itself taken for blanks.
bool is_header(const Block& header) {
    std::uint64_t sum = 8 * ' ';
    for (std::size_t i = 0; i < block; ++i)
        if (i < 148 || i >= 156) sum += std::to_integer<unsigned>(header[i]);
    return has_magic(header) && number_at(header, 148, 8) == sum;
}

bool is_end(const Block& header) {
    return std::all_of(header.begin(), header.end(), [](std::byte b) { return b == std::byte{0}; });
}

std::optional<std::uint64_t> size_in(const Block& header) {
    const auto size = number_at(header, 124, 12);
    return size && *size <= max_size ? size : std::nullopt;
}

struct Piece {
    std::uint64_t begin, size;
};

// What the headers in front of a member's own say of it.
struct Extended {
    std::map<std::string, std::string, std::less<>> fields;
    std::string long_name;

    std::optional<std::uint64_t> number(std::string_view key) const {
        const auto found = fields.find(key);
        return found == fields.end() ? std::nullopt : parse_u64(found->second, 10);
    }
};

class TarReader {
  public:
    explicit TarReader(std::shared_ptr<const ByteSource> archive) : archive_(std::move(archive)) {}

    ArchiveList list() {
        if (!walk()) complain("is cut off: its end mark is missing");
        ArchiveList list;
        list.files = entries_.seen();
        list.members = entries_.take();
        list.problems = std::move(problems_);
        if (auto more = entries_.left_out("the tar archive")) list.problems.push_back(std::move(*more));
        return list;
    }

  private:
    static constexpr std::size_t most_problems = 20;

    /// Whether the end mark was found.
    bool walk() {
        for (std::uint64_t at = 0; at < archive_->size();) {
            Block header;
            if (!archive_->skim(at, header)) break;
            if (is_end(header)) return true;
            if (!is_header(header) || !size_in(header)) {
                complain(fmt::format("has a damaged header at byte {}", at));
                if (!is_followed(header, at)) {
                    at = next_header(at + block);
                    extended_ = {};
                    continue;
                }
            }
            at = take(header, at + block, size_in(header).value_or(0));
        }
        return false;
    }

    // Whether a header with a wrong checksum tells rightly where the next one is.
    bool is_followed(const Block& header, std::uint64_t at) const {
        const auto size = size_in(header);
        Block next;
        return has_magic(header) && size && archive_->skim(at + block + align_up(*size, block), next) &&
               (is_header(next) || is_end(next));
    }

    std::uint64_t next_header(std::uint64_t at) const {
        std::vector<std::byte> room(blocks_at_once * block);
        for (; at < archive_->size(); at += room.size()) {
            const Bytes there = archive_->read_what_is_there(at, room.size(), room);
            for (std::size_t i = 0; i + block <= there.size(); i += block) {
                Block header;
                std::copy_n(there.begin() + static_cast<std::ptrdiff_t>(i), block, header.begin());
                if (has_magic(header) && is_header(header)) return at + i;
            }
        }
        return archive_->size();
    }

    void complain(const std::string& what) {
        if (problems_.size() < most_problems)
            problems_.emplace_back(ErrorCode::PageMissing, "the tar archive " + what);
    }

    /// Gives the place of the next header.
    std::uint64_t take(const Block& header, std::uint64_t data, std::uint64_t size) {
        const char type = static_cast<char>(header[156]);
        if (type == 'L' || type == 'x') {
            read_extended(type, data, size);
            return data + align_up(size, block);
        }
        if (type == 'g' || type == 'K') return data + align_up(size, block);
        if (type == 'S') {
            data = take_old_sparse(header, data);
        } else if (type == '0' || type == '\0' || type == '7') {
            size = std::min(extended_.number("size").value_or(size), max_size);
            take_file(header, data, size);
        }
        extended_ = {};
        return data + align_up(size, block);
    }

    void read_extended(char type, std::uint64_t data, std::uint64_t size) {
        std::vector<std::byte> text(std::min(size, max_extended));
        if (!archive_->skim(data, text)) return;
        if (type == 'L') {
            extended_.long_name = until_nul(as_text(text));
            return;
        }
        extended_.fields.clear();
        // "LENGTH KEY=VALUE\n"; the length counts itself.
        for (std::string_view rest = as_text(text); !rest.empty();) {
            const std::size_t blank = std::min(rest.find(' '), rest.size());
            const auto length = parse_u64(rest.substr(0, blank), 10);
            if (!length || *length <= blank + 1 || *length > rest.size()) return;
            const std::string_view line = rest.substr(blank + 1, *length - blank - 2);
            const std::size_t equals = std::min(line.find('='), line.size());
            add_field(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
            rest = rest.substr(*length);
        }
    }

    // Format 0.0 repeats offset and numbytes, once for each piece; they become the map of format 0.1.
    void add_field(std::string_view key, std::string_view value) {
        if (key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes") {
            std::string& map = extended_.fields["GNU.sparse.map"];
            map.append(map.empty() ? "" : ",").append(value);
        } else {
            extended_.fields[std::string(key)] = value;
        }
    }

    std::string name_of(const Block& header) const {
        for (const char* key : {"GNU.sparse.name", "path"}) {
            const auto found = extended_.fields.find(key);
            if (found != extended_.fields.end()) return found->second;
        }
        if (!extended_.long_name.empty()) return extended_.long_name;
        const bool is_posix = header[262] == std::byte{0};
        const std::string_view prefix = is_posix ? text_at(header, 345, 155) : std::string_view();
        const std::string name(text_at(header, 0, 100));
        return prefix.empty() ? name : fmt::format("{}/{}", prefix, name);
    }

    void take_file(const Block& header, std::uint64_t data, std::uint64_t size) {
        if (const auto map = extended_.fields.find("GNU.sparse.map"); map != extended_.fields.end()) {
            add(header, data, pieces_of(map->second, ','), extended_.number("GNU.sparse.size").value_or(0));
        } else if (extended_.number("GNU.sparse.major") == 1) {
            take_sparse_1_0(header, data, size);
        } else {
            add(header, data, {{0, size}}, size);
        }
    }

    // The map stands in front of the data, in decimal lines: the count, then offset and size of each piece.
    void take_sparse_1_0(const Block& header, std::uint64_t data, std::uint64_t size) {
        std::string text;
        std::size_t lines = 0, wanted = 1;
        std::uint64_t used = 0;
        for (; used < size && lines < wanted; used += block) {
            Block more;
            if (!archive_->skim(data + used, more)) return;
            text += as_text(more);
            lines += static_cast<std::size_t>(std::count(as_text(more).begin(), as_text(more).end(), '\n'));
            if (lines == 0 || text.size() > max_map) return complain("has a damaged map of a sparse file");
            if (wanted == 1 && lines > 0)
                wanted = 1 + 2 * std::min<std::size_t>(
                                     parse_u64(text.substr(0, text.find('\n')), 10).value_or(0), max_pieces);
        }
        const std::size_t first = text.find('\n');
        if (first == text.npos) return;
        add(header, data + used, pieces_of(std::string_view(text).substr(first + 1), '\n', (wanted - 1) / 2),
            extended_.number("GNU.sparse.realsize").value_or(0));
    }

    // Four pieces in the header, and 21 in each of the blocks that may follow it. Gives the place of the
    // data.
    std::uint64_t take_old_sparse(const Block& header, std::uint64_t data) {
        std::vector<Piece> pieces;
        Block current = header;
        std::size_t at = 386, count = 4, more = 482;
        for (;;) {
            for (std::size_t i = 0; i < count; ++i) {
                const auto begin = number_at(current, at + 24 * i, 12),
                           length = number_at(current, at + 24 * i + 12, 12);
                if (begin && length && *length != 0) pieces.push_back({*begin, *length});
            }
            if (current[more] == std::byte{0} || pieces.size() > max_pieces || !archive_->skim(data, current))
                break;
            data += block;
            at = 0, count = 21, more = 504;
        }
        add(header, data, pieces, number_at(header, 483, 12).value_or(0));
        return data;
    }

    static std::vector<Piece> pieces_of(std::string_view numbers, char separator,
                                        std::size_t limit = max_pieces) {
        std::vector<Piece> pieces;
        const std::vector<std::string_view> parts = split(numbers, separator);
        for (std::size_t i = 0; i + 1 < parts.size() && pieces.size() < limit; i += 2) {
            const auto begin = parse_u64(parts[i], 10), size = parse_u64(parts[i + 1], 10);
            if (!begin || !size) break;
            pieces.push_back({*begin, *size});
        }
        return pieces;
    }

    void add(const Block& header, std::uint64_t data, const std::vector<Piece>& pieces, std::uint64_t size) {
        std::vector<MemberPiece> placed;
        std::uint64_t end = 0;
        for (const Piece& piece : pieces) {
            if (piece.begin < end || piece.size > max_size || piece.begin > max_size)
                return complain("has a damaged map of a sparse file");
            if (piece.size != 0) placed.push_back({piece.begin, piece.size, data});
            data += piece.size;
            end = piece.begin + piece.size;
        }
        size = std::max(size, end);
        FolderEntry entry;
        entry.name = name_of(header);
        if (!entries_.wants(entry.name, size)) return;
        entry.folder = entry.name.substr(0, std::min(entry.name.rfind('/'), entry.name.size()));
        if (entry.folder == entry.name) entry.folder.clear();
        entry.written = static_cast<std::int64_t>(number_at(header, 136, 12).value_or(0));
        entry.open = [archive = archive_, name = entry.name, placed = std::move(placed),
                      size]() -> Result<std::unique_ptr<ByteSource>> {
            return make_member(archive, name, "tar", placed, size);
        };
        entries_.add(std::move(entry));
    }

    std::shared_ptr<const ByteSource> archive_;
    std::vector<Error> problems_;
    EntryList entries_;
    Extended extended_;
};

}  // namespace

// One with a wrong checksum is damaged, and a tar archive all the same.
bool looks_like_tar(Bytes head) {
    if (head.size() < block) return false;
    Block header;
    std::copy_n(head.begin(), block, header.begin());
    return has_magic(header);
}

ArchiveList list_tar(std::shared_ptr<const ByteSource> archive) {
    return TarReader(std::move(archive)).list();
}

}  // namespace postmortem
