#include "types/type_file.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/packed_text.h"
#include "base/text.h"
#include "types/asked_words.h"
#include "types/btf.h"
#include "types/excerpt.h"

namespace postmortem {
namespace {

constexpr std::string_view file_kind = "types";

}  // namespace

TypeFile make_type_file(const TypeFinder& types, KernelBuild build, std::string origin,
                        std::uint32_t word_bytes) {
    TypeFile file;
    file.build = std::move(build);
    file.origin = std::move(origin);
    file.btf = make_excerpt(types, asked_words(), word_bytes);
    for (const std::string_view word : asked_words()) file.words.append(word).push_back('\n');
    return file;
}

std::vector<std::byte> pack(const TypeFile& file) {
    PackedText text;
    text.lines = {{"build-id", file.build.build_id},
                  {"release", file.build.release},
                  {"banner", file.build.banner},
                  {"from", file.origin},
                  {"BTF bytes", std::to_string(file.btf.size())}};
    text.content = as_text(file.btf);
    text.content += file.words;
    return pack_text(file_kind, text);
}

Result<TypeFile> unpack_type_file(Bytes bytes, std::string_view name) {
    const auto text = unpack_text(file_kind, bytes, name);
    if (!text) return fail(text.error());
    const auto btf_bytes = parse_u64(text->line("BTF bytes"), 10);
    if (!btf_bytes || *btf_bytes > text->content.size())
        return fail(ErrorCode::Corrupt, fmt::format("{}: its header tells no possible size of BTF", name));
    TypeFile file;
    file.build = {std::string(text->line("build-id")), std::string(text->line("release")),
                  std::string(text->line("banner"))};
    file.origin = text->line("from");
    const Bytes btf = as_bytes(text->content).first(*btf_bytes);
    file.btf.assign(btf.begin(), btf.end());
    file.words = text->content.substr(*btf_bytes);
    return file;
}

std::size_t names_lacking(const TypeFile& file) {
    const auto lines = split(file.words, '\n');
    const std::unordered_set<std::string_view> known(lines.begin(), lines.end());
    const auto words = asked_words();
    return static_cast<std::size_t>(std::count_if(
        words.begin(), words.end(), [&](std::string_view word) { return known.count(word) == 0; }));
}

Result<std::unique_ptr<TypeFinder>> open_type_file(TypeFile file, std::string source) {
    std::optional<Error> lacking;
    if (const std::size_t count = names_lacking(file); count != 0)
        lacking =
            Error(ErrorCode::MissingDebugInfo,
                  fmt::format("{}: an older postmortem made it, and it knows nothing of {} names that this "
                              "one asks for; make it again with `postmortem types`",
                              source, count));
    return open_excerpt(std::move(file.btf), std::move(source), std::move(lacking));
}

}  // namespace postmortem
