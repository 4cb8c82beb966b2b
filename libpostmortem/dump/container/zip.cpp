// zip: a member that is compressed is unpacked when it is opened.
#include <algorithm>

#include <fmt/format.h>

#include "base/stream_decoder.h"
#include "dump/container/archive.h"
#include "dump/container/compressed.h"
#include "dump/container/member_source.h"
#include "dump/container/zip_members.h"

namespace postmortem {
namespace {

constexpr std::uint16_t encrypted = 1;

std::optional<StreamFormat> format_of(std::uint16_t method) {
    switch (method) {
        case 8: return StreamFormat::Deflate;
        case 12: return StreamFormat::Bzip2;
        case 93: return StreamFormat::Zstd;
        case 95: return StreamFormat::Xz;
        default: return std::nullopt;
    }
}

enum class Extent { All, AsIsRead };

Result<std::unique_ptr<ByteSource>> open_member(const std::shared_ptr<const ByteSource>& archive,
                                                const ZipMember& member, const OpenContext& context,
                                                Extent extent) {
    const auto data = data_of(*archive, member);
    if (!data)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: its header in the zip archive is damaged", member.name));
    if ((member.flags & encrypted) != 0)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: it is encrypted; unpack it first (unzip)", member.name));
    auto packed = make_member(archive, member.name, "zip", {{0, member.packed, *data}}, member.packed);
    if (member.method == 0) return packed;
    const auto format = format_of(member.method);
    if (!format)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: it is packed with method {}, which is not known; "
                                "unpack it first (unzip)",
                                member.name, member.method));
    if (extent == Extent::AsIsRead) return unpack_front(std::move(packed), *format, member.size);
    return unpack_stream(std::move(packed), *format, context, member.crc);
}

// Members that lie over one another, each as large as all of them, make of a small archive endless work.
bool overlap(std::vector<ZipMember> members) {
    std::sort(members.begin(), members.end(),
              [](const ZipMember& a, const ZipMember& b) { return a.header < b.header; });
    return std::adjacent_find(members.begin(), members.end(), [](const ZipMember& a, const ZipMember& b) {
               return b.header <= a.header || b.header - a.header < a.packed;
           }) != members.end();
}

struct Listing {
    std::vector<ZipMember> members;
    EntryList entries;  // counts; the entries themselves are made of the members that are decided for

    ZipVisitor taker() {
        return [this](ZipMember member) {
            if (!member.is_folder() && entries.wants(member.name, member.size))
                members.push_back(std::move(member));
        };
    }
};

// What is wrong with the directory, where the members are not to be taken from it.
std::string_view why_not(ZipDirectory state, const Listing& by_directory) {
    if (state == ZipDirectory::Missing) return "is cut off or damaged: it has no directory";
    if (state == ZipDirectory::Damaged) return "has a damaged directory";
    return overlap(by_directory.members) ? "has a directory by which its files lie over one another"
                                         : std::string_view();
}

// A kernel is unpacked when it is wanted, maybe long after the dump was opened: the options are a copy, and
// whoever wanted to hear of the progress may be gone.
struct LastingContext {
    explicit LastingContext(const OpenContext& other) : options(other.options), context(options) {
        context.space = other.space;
    }
    LastingContext(const LastingContext&) = delete;
    LastingContext& operator=(const LastingContext&) = delete;

    DumpOptions options;
    OpenContext context;
};

FolderEntry entry_of(const std::shared_ptr<const ByteSource>& archive, const ZipMember& member,
                     const std::shared_ptr<const LastingContext>& lasting) {
    FolderEntry entry;
    entry.name = member.name;
    entry.folder = entry.name.find('/') == entry.name.npos ? "" : entry.name.substr(0, entry.name.rfind('/'));
    entry.written = member.written;
    entry.open = [=] { return open_member(archive, member, lasting->context, Extent::All); };
    entry.look = [=] { return open_member(archive, member, lasting->context, Extent::AsIsRead); };
    return entry;
}

}  // namespace

bool looks_like_zip(Bytes head) {
    return as_text(head).starts_with("PK\3\4");
}

ArchiveList list_zip(std::shared_ptr<const ByteSource> archive, const OpenContext& context) {
    ArchiveList list;
    Listing listing, by_headers;
    const ZipDirectory state = each_in_zip_directory(*archive, listing.taker());
    if (const std::string_view why = why_not(state, listing); !why.empty()) {
        each_by_zip_headers(*archive, by_headers.taker());
        if (state != ZipDirectory::Damaged || by_headers.entries.seen() >= listing.entries.seen())
            listing = std::move(by_headers);
        list.problems.emplace_back(
            ErrorCode::PageMissing,
            fmt::format("the zip archive {}; {} of its files were found all the same; copy it again", why,
                        listing.entries.seen()));
    }
    list.files = listing.entries.seen();
    if (auto more = listing.entries.left_out("the zip archive")) list.problems.push_back(std::move(*more));
    const auto lasting = std::make_shared<const LastingContext>(context);
    const auto quiet = std::make_shared<LastingContext>(context);
    quiet->options.progress = {};
    for (const ZipMember& member : listing.members)
        list.members.push_back(entry_of(archive, member, has_name_of_kernel(member.name) ? quiet : lasting));
    return list;
}

}  // namespace postmortem
