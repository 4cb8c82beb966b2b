#include "kernel/build_of.h"

#include <algorithm>
#include <cctype>

#include <elf.h>
#include <fmt/format.h>

#include "dump/notes.h"
#include "kernel/kernel.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_note_bytes = 64 << 10;
constexpr std::size_t longest_banner = 1024;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return result;
}

// What /sys/kernel/notes gives (kernel/ksysfs.c).
std::string build_id_in_image(const Kernel& kernel) {
    const auto first = kernel.symbol("__start_notes"), last = kernel.symbol("__stop_notes");
    if (!first || !last || *last <= *first || *last - *first > most_note_bytes) return {};
    const auto area = kernel.memory().bytes(*first, *last - *first);
    if (!area) return {};
    std::vector<Note> notes;
    (void)append_notes(*area, kernel.memory().endian(), notes);
    std::string id;
    for (const Note& note : notes)
        if (note.name == ELF_NOTE_GNU && note.type == NT_GNU_BUILD_ID && id.empty())
            for (const std::byte byte : note.desc)
                id += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return id;
}

}  // namespace

std::string banner_in_image(const Kernel& kernel) {
    const auto where = kernel.symbol("linux_banner");
    if (!where) return {};
    const auto text = kernel.memory().c_string(*where, longest_banner);
    if (!text || !release_in_banner(*text)) return {};
    return text->substr(0, text->find('\n'));
}

KernelBuild build_of(const Kernel& kernel) {
    KernelBuild build;
    build.release = kernel.release();
    if (const auto id = kernel.vmcoreinfo().string("BUILD-ID")) {
        build.build_id = lower(*id);
    } else {
        build.build_id = build_id_in_image(kernel);
        build.banner = banner_in_image(kernel);
    }
    return build;
}

}  // namespace postmortem
