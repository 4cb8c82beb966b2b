// An architecture is known by its folder alone: nothing else in the library names it, or a register of it.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
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
    Exemption{"dump/format/s390_dump.cpp", "the names of values in a standalone dump"},
    Exemption{"log/events/fault_address.cpp", "registers of oopses that hold the address, or do not"},
    Exemption{"log/events/frame.cpp", "the words before the place in an oops, of all architectures"},
    Exemption{"log/events/frame.h", "quotes those lines"},
    Exemption{"log/events/instruction_place.cpp", "the place in an oops, where it is not the instruction's"},
    Exemption{"log/events/registers.cpp", "the words before registers in an oops"},
    Exemption{"log/events/registers.h", "quotes register lines of oopses"},
    Exemption{"log/events/rules/faults.cpp", "headlines that name a register"},
    Exemption{"log/events/stack_lines.cpp", "a register that stands where an address may"},
};

struct Architecture {
    std::string_view name;
    std::vector<std::string_view> folders;    // below arch/, where its registers may be named
    std::vector<std::string_view> registers;  // in lower case; those that are words of their own are left out
};
const std::vector<Architecture> architectures = {
    {"x86",
     // Where the names of some are those of its own registers, too.
     {"x86/", "x86_64/", "i386/", "s390x/", "ppc64/"},
     {"rax",     "rbx",      "rcx",      "rdx",    "rsi",     "rdi",    "rbp", "rsp", "rip", "r10",
      "r11",     "r12",      "r13",      "r14",    "r15",     "eax",    "ebx", "ecx", "edx", "esi",
      "edi",     "ebp",      "esp",      "eip",    "rflags",  "eflags", "bp",  "ax",  "bx",  "cx",
      "orig_ax", "orig_rax", "orig_eax", "origax", "gs_base", "cr0",    "cr2", "cr3", "cr4"}},
    {"arm64",
     {"arm64/"},
     {"x29", "x30", "sctlr", "sctlr_el1", "ttbr0", "ttbr0_el1", "ttbr1", "ttbr1_el1", "tcr", "tcr_el1", "esr",
      "esr_el1", "far_el1", "elr", "elr_el1", "pstate", "orig_x0"}},
    {"riscv64", {"riscv64/"}, {"satp", "sepc", "scause", "stval", "badaddr", "sstatus", "orig_a0"}},
    {"s390x", {"s390x/"}, {"psw", "gprs", "orig_gpr2"}},
    {"ppc64", {"ppc64/"}, {"nip", "srr0", "srr1", "dsisr", "orig_gpr3", "ptcr"}},
};

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

// In any case, as the kernel, crash or a compiler writes it: "RAX", "thread.cr2".
const Architecture* whose_register(std::string word) {
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const Architecture& one : architectures)
        if (std::find(one.registers.begin(), one.registers.end(), word) != one.registers.end()) return &one;
    return nullptr;
}

bool is_exempt(const std::string& path) {
    return std::any_of(exempt.begin(), exempt.end(), [&](const Exemption& e) { return e.path == path; });
}

bool is_at_home(const Architecture& architecture, const std::string& path) {
    return std::any_of(
        architecture.folders.begin(), architecture.folders.end(),
        [&](std::string_view folder) { return path.starts_with("arch/" + std::string(folder)); });
}

// "arm64" of `#include "arch/arm64/registers.h"`; nothing for what all architectures share.
std::string included_folder(const std::string& line) {
    constexpr std::string_view start = "#include \"arch/";
    const std::size_t end = line.find('/', start.size());
    if (!line.starts_with(start) || end == std::string::npos) return {};
    return line.substr(start.size(), end - start.size());
}

}  // namespace

TEST_CASE("nothing outside an architecture's folder names it or its registers") {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    std::set<std::string_view> named_at_home;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".h" && extension != ".cpp") continue;
        const std::string path = fs::relative(entry.path(), root).string();
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            CAPTURE(path);
            CAPTURE(line);
            for (const std::string& word : words_of(line)) {
                const Architecture* const owner = whose_register(word);
                if (!owner) continue;
                CHECK_MESSAGE((is_exempt(path) || is_at_home(*owner, path)), word, " is a register of ",
                              owner->name);
                if (is_at_home(*owner, path)) named_at_home.insert(owner->name);
            }
            // The registry is the one place that knows which architectures there are.
            if (!path.starts_with("arch/")) CHECK(included_folder(line).empty());
        }
    }
    for (const Architecture& one : architectures) {
        CAPTURE(one.name);
        if (fs::exists(root / "arch" / one.folders.front())) CHECK(named_at_home.contains(one.name));
    }
}

TEST_CASE("each file that may name registers does") {
    const fs::path root = postmortem::test::source_dir() / "libpostmortem";
    for (const Exemption& one : exempt) {
        CAPTURE(one.path);
        std::ifstream file(root / one.path);
        bool named = false;
        for (std::string line; std::getline(file, line);)
            for (const std::string& word : words_of(line)) named = named || whose_register(word);
        CHECK_MESSAGE(named, "take it off the list: ", one.reason);
    }
}

}  // namespace arch_names_test
