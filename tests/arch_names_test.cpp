// An architecture is known by its folder alone: nothing else in the library names it, or a register of x86.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "support/places.h"

namespace arch_names_test {

namespace fs = std::filesystem;

namespace {

struct Exemption {
    std::string_view path, reason;
};

// Kernel logs carry the registers of every architecture: what these files know is the text of oopses.
constexpr std::array exempt = {
    Exemption{"dump/hypervisor/vmware_cpu.cpp", "the names of values in a VMware machine state"},
    Exemption{"log/events/fault_address.cpp", "registers of oopses that hold the address, or do not"},
    Exemption{"log/events/frame.cpp", "the words before the place in an oops, of all architectures"},
    Exemption{"log/events/frame.h", "quotes those lines"},
    Exemption{"log/events/registers.h", "quotes register lines of oopses"},
};

// Which folders below arch/ may name the registers of x86.
constexpr std::array x86_folders = {"arch/x86/", "arch/x86_64/", "arch/i386/"};
// Where the names of some are those of its own registers, too.
constexpr std::array same_names = {"arch/ppc64/", "arch/s390x/"};

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words(1);
    for (const char c : line) {
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
            words.back() += c;
        } else if (!words.back().empty()) {
            words.emplace_back();
        }
    }
    return words;
}

// "rax", "R10", "Bp", "ORIG_RAX", "thread.cr2", "eflags": in any case, as the kernel, crash or a compiler
// writes it.
bool names_x86_register(std::string word) {
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    constexpr std::array<std::string_view, 9> general = {"ax", "bx", "cx", "dx", "si",
                                                         "di", "bp", "sp", "ip"};
    constexpr std::array<std::string_view, 15> others = {
        "rflags",   "eflags", "bp",      "ax",  "bx",  "cx",  "orig_ax", "orig_rax",
        "orig_eax", "origax", "gs_base", "cr0", "cr2", "cr3", "cr4"};
    if (std::find(others.begin(), others.end(), word) != others.end()) return true;
    if (word.size() != 3 || (word[0] != 'r' && word[0] != 'e')) return false;
    return std::find(general.begin(), general.end(), word.substr(1)) != general.end() ||
           (word[0] == 'r' && word[1] == '1' && word[2] >= '0' && word[2] <= '5');
}

bool is_exempt(const std::string& path) {
    const auto is_below = [&](const char* folder) { return path.starts_with(folder); };
    return std::any_of(same_names.begin(), same_names.end(), is_below) ||
           std::any_of(exempt.begin(), exempt.end(), [&](const Exemption& e) { return e.path == path; }) ||
           std::any_of(x86_folders.begin(), x86_folders.end(), is_below);
}

}  // namespace

TEST_CASE("nothing outside an architecture's folder names it or its registers") {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    std::size_t exempt_seen = 0, named_in_exempt = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".h" && extension != ".cpp") continue;
        const std::string path = fs::relative(entry.path(), root).string();
        const bool allowed = is_exempt(path);
        exempt_seen += allowed;
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            bool named = false;
            for (const std::string& word : words_of(line)) named = named || names_x86_register(word);
            named_in_exempt += allowed && named;
            if (allowed) continue;
            CAPTURE(path);
            CAPTURE(line);
            CHECK_FALSE(named);
            // The registry is the one place that knows which architectures there are.
            if (path != "arch/registry.cpp") {
                CHECK(line.find("#include \"arch/x86") == std::string::npos);
                CHECK(line.find("#include \"arch/i386") == std::string::npos);
                CHECK(line.find("x86_64::") == std::string::npos);
            }
        }
    }
    CHECK(exempt_seen > exempt.size());
    CHECK(named_in_exempt > 0);
}

TEST_CASE("each file that may name registers does") {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    for (const Exemption& one : exempt) {
        CAPTURE(one.path);
        std::ifstream file(root / one.path);
        bool named = false;
        for (std::string line; std::getline(file, line);)
            for (const std::string& word : words_of(line)) named = named || names_x86_register(word);
        CHECK_MESSAGE(named, "take it off the list: ", one.reason);
    }
}

}  // namespace arch_names_test
