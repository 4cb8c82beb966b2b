#include "dump_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

#include <postmortem/type_file.h>

#include "command.h"
#include "no_memory.h"
#include "progress.h"

namespace tool {
namespace {

// "512", "20G"
std::optional<std::uint64_t> byte_count(const std::string& text) {
    std::uint64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    if (unit.empty()) return count;
    constexpr std::string_view units = "KMGT";
    const std::size_t index = units.find(unit[0]);
    if (unit.size() != 1 || index == units.npos) return std::nullopt;
    const auto shift = static_cast<unsigned>(10 * (index + 1));
    return count > UINT64_MAX >> shift ? std::nullopt : std::optional(count << shift);
}

// Of private memory; what is mapped from files does not count.
bool limit_memory(std::uint64_t bytes) {
    const rlimit limit{bytes, bytes};
    return ::setrlimit(RLIMIT_DATA, &limit) == 0;
}

// The tests take sources away, to see what kernels give that have none of them: "btf", "files" (type files),
// "vmlinux" (one that is looked for), several with commas between them, or "none".
constexpr const char* type_sources = "type-sources";

std::vector<std::string> named_sources(const Arguments& arguments) {
    std::vector<std::string> names;
    std::istringstream list(arguments.text(type_sources));
    for (std::string name; std::getline(list, name, ',');) names.push_back(name);
    return names;
}

bool may_use(const Arguments& arguments, std::string_view source) {
    const auto names = named_sources(arguments);
    return names.empty() || std::find(names.begin(), names.end(), source) != names.end();
}

bool keeps_types(const Arguments& arguments) {
    return may_use(arguments, "files") && !arguments.has("no-cache") &&
           std::getenv("POSTMORTEM_NO_CACHE") == nullptr;
}

}  // namespace

std::optional<std::filesystem::path> cache_to_fill(const Arguments& arguments) {
    if (!keeps_types(arguments)) return std::nullopt;
    const auto types = postmortem::type_file_cache();
    if (!types) return std::nullopt;
    const std::filesystem::path base = types->parent_path().parent_path();
    std::error_code unknown;
    for (const auto& folder : {*types, types->parent_path(), base})
        if (std::filesystem::is_directory(folder, unknown)) return folder;
    if (!std::filesystem::create_directory(base, unknown)) return std::nullopt;
    std::filesystem::permissions(base, std::filesystem::perms::owner_all, unknown);
    return base;
}

std::vector<Option> kernel_options() {
    return {text("vmlinux", "FILE", "kernel image with debug information; without it the dump alone answers"),
            text("types", "FILE|DIR", "a type file (see `postmortem types`), or a folder of them"),
            on_or_off("no-cache", "do not keep what a vmlinux gives in ~/.cache/postmortem/types"),
            hidden_text(type_sources)};
}

std::string wrong_type_sources(const Arguments& arguments) {
    constexpr std::string_view known[] = {"btf", "files", "vmlinux", "none"};
    for (const std::string& name : named_sources(arguments))
        if (std::find(std::begin(known), std::end(known), name) == std::end(known))
            return fmt::format("--{} knows btf, files, vmlinux and none, not '{}'", type_sources, name);
    if (arguments.has("types") && !may_use(arguments, "files"))
        return fmt::format("--types gives type files, and --{} leaves them out", type_sources);
    return {};
}

std::vector<Option> dump_options() {
    return {on_or_off("live", "read the running kernel, /proc/kcore, in place of DUMP"),
            text("tmpdir", "DIR",
                 "where a compressed dump is unpacked to, into a file without a name "
                 "($TMPDIR, or /var/tmp)"),
            text("max-tmp", "SIZE", "how much that may take, such as 20G"),
            text("max-memory", "SIZE", "give up rather than use more, such as 512M or 2G")};
}

bool is_dump_file(const std::string& word) {
    std::error_code unknown;
    if (!std::filesystem::is_regular_file(word, unknown)) return false;
    const auto input = postmortem::find_crash_input(word);
    return input && input->is_dump;
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

// A part whose writing or copying failed, beside the others. Elsewhere a file without content is what is
// asked about (`fuser vmcore /run/lock/…`).
bool is_emptied_part(const std::string& word, const std::string& dump) {
    std::error_code unknown;
    if (!std::filesystem::is_regular_file(word, unknown) ||
        !std::filesystem::equivalent(folder_of(word), folder_of(dump), unknown))
        return false;
    std::array<char, 4096> head{};
    std::ifstream(word, std::ios::binary).read(head.data(), head.size());
    return std::all_of(head.begin(), head.end(), [](char c) { return c == 0; });
}

void take_more_parts(Arguments& arguments) {
    auto next = arguments.rest.begin();
    for (; next != arguments.rest.end() && (is_dump_file(*next) || is_emptied_part(*next, arguments.dump));
         ++next)
        arguments.more_parts.emplace_back(*next);
    arguments.rest.erase(arguments.rest.begin(), next);
    if (!arguments.more_parts.empty() && is_emptied_part(arguments.dump, arguments.dump)) {
        const std::string emptied = std::exchange(arguments.dump, arguments.more_parts.front().string());
        arguments.more_parts.front() = emptied;
    }
}

std::string take_limits(const Arguments& arguments) {
    for (const char* option : {"max-tmp", "max-memory"})
        if (arguments.has(option) && !byte_count(arguments.text(option)))
            return fmt::format("--{} takes a size, such as 2G, not '{}'", option, arguments.text(option));
    explain_want_of_memory(arguments.dump, arguments.text("max-memory"));
    if (arguments.has("max-memory") && !limit_memory(*byte_count(arguments.text("max-memory"))))
        return "the system does not let memory be limited";
    return {};
}

postmortem::OpenOptions Arguments::open_options() const {
    postmortem::OpenOptions open;
    if (has("vmlinux")) open.vmlinux = text("vmlinux");
    open.search_vmlinux = may_use(*this, "vmlinux");
    open.types.btf = may_use(*this, "btf");
    open.types.files = may_use(*this, "files");
    open.types.keep = keeps_types(*this);
    open.types.whole = whole_types;
    open.without_page_tables = without_page_tables;
    if (has("types")) open.types.given = text("types");
    open.more_parts = more_parts;
    open.temporary_folder = text("tmpdir");
    if (has("max-tmp")) open.max_temporary_bytes = byte_count(text("max-tmp")).value_or(UINT64_MAX);
    const auto progress = std::make_shared<Progress>("unpacking: MiB");
    open.progress = [progress](std::uint64_t done, std::uint64_t total) {
        if (done < total)
            progress->show(done >> 20, total >> 20);
        else
            progress->clear();
    };
    return open;
}

}  // namespace tool
