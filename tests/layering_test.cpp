// The dependency rules of docs/architecture.md, read from the #include lines: a folder includes only itself
// and the folders above it; so do the rooms inside dump/, kernel/ and log/; printers see nothing but answers
// and what printers share.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "support/places.h"

namespace layering_test {

namespace fs = std::filesystem;

namespace {

using Order = std::span<const std::string_view>;

constexpr std::array<std::string_view, 11> layers = {
    "base", "output", "log", "dump", "memory", "arch", "symbols", "types", "object", "kernel", "report"};

// A room includes those before it. "" is the layer's own top: what every room stands on.
constexpr std::array<std::string_view, 18> kernel_rooms = {
    "",       "layout", "module",    "sched",   "time", "rcu",   "fs",  "ipc",   "net",
    "cgroup", "unwind", "workqueue", "locking", "mm",   "block", "irq", "panic", "printk"};
constexpr std::array<std::string_view, 8> dump_rooms = {"",      "pages",  "container",  "elf",
                                                        "kdump", "format", "hypervisor", "open"};
constexpr std::array<std::string_view, 5> log_rooms = {"text", "match", "oom", "events", "known"};

// Files that put a layer together see all of its rooms.
constexpr std::array<std::string_view, 1> kernel_doors = {"kernel/kernel.cpp"};

struct Include {
    std::string file;      // "kernel/mm/zones.cpp"
    std::string included;  // "kernel/percpu.h"
};

std::vector<Include> all_includes() {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    constexpr std::string_view prefix = "#include \"";
    std::vector<Include> all;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".h" && extension != ".cpp") continue;
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);)
            if (line.starts_with(prefix))
                all.push_back({fs::relative(entry.path(), root).generic_string(),
                               line.substr(prefix.size(), line.rfind('"') - prefix.size())});
    }
    return all;
}

std::string layer_of(const std::string& path) {
    return path.substr(0, path.find('/'));
}

// "mm" of "kernel/mm/zones.cpp", "" of "kernel/percpu.h".
std::string room_of(const std::string& path) {
    const auto first = path.find('/'), second = path.find('/', first + 1);
    return second == std::string::npos ? "" : path.substr(first + 1, second - first - 1);
}

std::size_t rank(Order order, std::string_view name) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), name) - order.begin());
}

void check_rooms(const std::string& layer, Order rooms, Order doors) {
    for (const Include& line : all_includes()) {
        if (layer_of(line.file) != layer || layer_of(line.included) != layer) continue;
        if (std::find(doors.begin(), doors.end(), line.file) != doors.end()) continue;
        CAPTURE(line.file);
        CAPTURE(line.included);
        const std::size_t from = rank(rooms, room_of(line.file)), to = rank(rooms, room_of(line.included));
        CHECK_MESSAGE(from < rooms.size(), "the room's place in the order is not written down");
        CHECK(to <= from);
    }
}

bool is_printer(const std::string& path) {
    static constexpr std::array<std::string_view, 4> kinds = {"_text.", "_html.", "_writer.", "_fields."};
    return layer_of(path) == "report" && std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
               return path.find(kind) != std::string::npos;
           });
}

}  // namespace

TEST_CASE("a folder includes only itself and the folders above it") {
    const auto includes = all_includes();
    CHECK(includes.size() > 100);
    for (const Include& line : includes) {
        CAPTURE(line.file);
        CAPTURE(line.included);
        const std::string from = layer_of(line.file), to = layer_of(line.included);
        CHECK_MESSAGE(from != "include", "public headers are self-contained");
        CHECK(rank(layers, to) < layers.size());
        if (from != "include") CHECK(rank(layers, to) <= rank(layers, from));
    }
}

TEST_CASE("a room of kernel/ includes only the rooms before it") {
    check_rooms("kernel", kernel_rooms, kernel_doors);
}

TEST_CASE("a room of dump/ includes only the rooms before it") {
    check_rooms("dump", dump_rooms, {});
}

TEST_CASE("a room of log/ includes only the rooms before it") {
    check_rooms("log", log_rooms, {});
}

TEST_CASE("printers know answers, and what printers share; they analyse nothing") {
    int printers = 0;
    for (const Include& line : all_includes()) {
        if (!is_printer(line.file)) continue;
        ++printers;
        CAPTURE(line.file);
        CAPTURE(line.included);
        const bool shared = layer_of(line.included) == "output" || line.included == "base/text.h";
        CHECK((shared || is_printer(line.included) || line.included.ends_with("_units.h")));
    }
    CHECK(printers > 10);
}

// The linker takes two types of one name in one namespace for the same, and says nothing.
TEST_CASE("no two headers define a type of the same name") {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    const std::regex opening("^namespace ([a-z0-9_:]+) \\{"),
        defined("^(?:struct|class|enum class) (?:[A-Z_]+_API )?(\\w+)(?: final)?(?: : .*)? \\{$");
    std::map<std::string, std::string> homes;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.path().extension() != ".h") continue;
        const std::string home = fs::relative(entry.path(), root).generic_string();
        std::ifstream file(entry.path());
        std::string space;
        std::smatch match;
        for (std::string line; std::getline(file, line);) {
            if (std::regex_search(line, match, opening)) space = match[1];
            if (!std::regex_search(line, match, defined)) continue;
            const auto [other, is_new] = homes.emplace(space + "::" + match[1].str(), home);
            CHECK_MESSAGE(is_new, other->first, " is defined in ", other->second, " and in ", home);
        }
    }
    CHECK(homes.size() > 300);
}

}  // namespace layering_test
