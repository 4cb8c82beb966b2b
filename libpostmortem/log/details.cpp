#include "log/details.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "log/cursor.h"
#include "log/frame.h"
#include "log/stack_lines.h"

namespace postmortem {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t max_registers = 80;
constexpr std::size_t max_frames = 128;

bool is_release_start(std::string_view word) {
    return !word.empty() && word.size() <= 128;
}

// "Not tainted 6.1.0 #1", "Tainted: P           O    4.2.8 #1", "Tainted: [W]=WARN 6.11 #1": the release is
// the word in front of " #".
void read_release(std::string_view text, LogEvent& event) {
    const std::size_t build = text.find(" #");
    if (build == npos || build + 2 >= text.size() ||
        !(is_digit(text[build + 2]) || is_alpha(text[build + 2])))
        return;
    const std::string_view before = text.substr(0, build);
    const std::size_t blank = before.find_last_of(" \t");
    const std::string_view release = blank == npos ? before : before.substr(blank + 1);
    if (is_release_start(release) && event.kernel.empty()) event.kernel = release;
}

void read_taint(std::string_view text, LogEvent& event) {
    const std::size_t at = text.find("Tainted: ");
    if (at == npos || !event.taint.empty()) return;
    Cursor cursor(text.substr(at + 9));
    if (cursor.peek() == '[') return;  // 6.11 spells the letters out in a line of its own; they came before
    const std::string_view flags =
        cursor.take_while([](char c) { return is_blank(c) || (c >= 'A' && c <= 'Z'); });
    for (const char c : flags) {
        if (c != ' ') event.taint.push_back(c);
    }
    // "Tainted: G        W 6.1.0": a release may begin with a capital that is no flag
    if (!cursor.at_end() && !is_blank(flags.back()) && !event.taint.empty()) event.taint.pop_back();
}

// "CPU: 0 UID: 0 PID: 2148 Comm: a b Not tainted 6.12.23 #0", "Pid: 912, comm: X Tainted: ..."
void read_task_line(std::string_view text, LogEvent& event) {
    static constexpr std::array<std::string_view, 2> comm_labels = {"Comm: ", "comm: "};
    for (const std::string_view label : comm_labels) {
        const std::size_t at = text.find(label);
        if (at == npos) continue;
        const std::string_view before = text.substr(0, at);
        const std::size_t pid = std::min(before.rfind("PID: "), before.rfind("Pid: "));
        if (pid == npos) continue;
        const std::string_view rest = text.substr(at + label.size());
        const std::size_t end =
            std::min({rest.find(" Not tainted"), rest.find(" Tainted:"), rest.find(" tainted ")});
        if (event.comm.empty()) event.comm = trimmed(rest.substr(0, end));
        if (!event.pid) event.pid = Cursor(before.substr(pid + 5)).number().value_or(0);
        if (const std::size_t cpu = before.find("CPU: "); cpu != npos && !event.cpu) {
            if (const auto number = Cursor(before.substr(cpu + 5)).number())
                event.cpu = static_cast<unsigned>(*number);
        }
        if (end != npos) {
            read_taint(rest.substr(end), event);
            read_release(rest.substr(end), event);
        }
        return;
    }
    // lockdep and hung tasks: "3.6.0-rc3 #98 Not tainted", "      Tainted: G   L  6.1.0 #0"
    const std::size_t not_tainted = text.find("Not tainted");
    const std::size_t tainted = text.find("Tainted: ");
    if (not_tainted == npos && tainted == npos) return;
    const std::size_t word = std::min(not_tainted, tainted);
    if (tainted != npos) read_taint(text, event);
    if (text.substr(0, word).find(" #") != npos) {
        read_release(text.substr(0, word), event);
    } else {
        read_release(text.substr(word), event);
    }
}

// Who it was, in reports without a task line of their own.
void read_headline_task(std::string_view text, LogEvent& event) {
    if (const std::size_t at = text.find("INFO: task "); at != npos) {
        const std::string_view rest = text.substr(at + 11);
        const std::size_t blocked = std::min(rest.find(" blocked"), rest.find(" can't die"));
        const std::size_t colon = rest.substr(0, blocked).rfind(':');
        if (blocked == npos || colon == npos) return;
        event.comm = rest.substr(0, colon);
        if (const auto pid = Cursor(rest.substr(colon + 1)).number())
            event.pid = static_cast<std::uint32_t>(*pid);
    } else if (const std::size_t cpu = text.find("soft lockup - CPU#"); cpu != npos) {
        if (const auto number = Cursor(text.substr(cpu + 18)).number())
            event.cpu = static_cast<unsigned>(*number);
        const std::size_t open = text.rfind('[');
        const std::size_t colon = text.rfind(':');
        if (open == npos || colon == npos || colon < open) return;
        event.comm = text.substr(open + 1, colon - open - 1);
        if (const auto pid = Cursor(text.substr(colon + 1)).number())
            event.pid = static_cast<std::uint32_t>(*pid);
    } else if (const std::size_t at_cpu = text.find("CPU: "); at_cpu != npos) {
        if (const auto number = Cursor(text.substr(at_cpu + 5)).number())
            event.cpu = static_cast<unsigned>(*number);
        if (const std::size_t pid = text.find(" PID: "); pid != npos) {
            if (const auto number2 = Cursor(text.substr(pid + 6)).number()) {
                event.pid = static_cast<std::uint32_t>(*number2);
            }
        }
    } else if (const std::size_t lockup = text.find("LOCKUP on cpu "); lockup != npos) {
        if (const auto number = Cursor(text.substr(lockup + 14)).number())
            event.cpu = static_cast<unsigned>(*number);
    }
}

void read_fault_address(std::string_view text, LogEvent& event) {
    static constexpr std::array<std::string_view, 9> labels = {"NULL pointer dereference at virtual address ",
                                                               "NULL pointer dereference at ",
                                                               "paging request at virtual address ",
                                                               "paging request at ",
                                                               " address: ",
                                                               "non-canonical address ",
                                                               "for data at address ",
                                                               "dereference, address: ",
                                                               " at virtual address "};
    if (event.fault_address) return;
    for (const std::string_view label : labels) {
        const std::size_t at = text.find(label);
        if (at == npos) continue;
        Cursor cursor(text.substr(at + label.size()));
        cursor.skip_blanks();
        if (cursor.take("(null)")) {
            event.fault_address = 0;
        } else {
            cursor.take("0x");
            event.fault_address = parse_u64(cursor.take_while(is_hex), 16);
        }
        if (event.fault_address) return;
    }
}

bool is_register_name(char c) {
    return is_alpha(c) || is_digit(c);
}

// "RAX: 0123456789abcdef RBX: ...", "x29: ...", "r10: 00000000  r9 : 00000001", " gp : ffff... tp : ..."
void read_registers(std::string_view text, std::vector<LogRegister>& registers) {
    std::vector<LogRegister> found;
    Cursor cursor(text);
    while (!cursor.at_end()) {
        cursor.take_while(
            [](char c) { return is_blank(c) || c == ',' || c == '[' || c == '<' || c == '(' || c == ')'; });
        const std::string_view name = cursor.take_while(is_register_name);
        cursor.skip_blanks();
        if (name.empty() || name.size() > 8 || !cursor.take(':')) break;
        cursor.skip_blanks();
        cursor.take("[<");
        Cursor segment = cursor;  // "RSP: 0018:ffff..."
        if (segment.take_while(is_hex).size() == 4 && segment.take(':')) cursor = segment;
        cursor.take("0x");
        const std::string_view digits = cursor.take_while(is_hex);
        const auto value = parse_u64(digits, 16);
        if (!value || digits.size() < 8 || digits.size() > 16) break;
        cursor.take(">]");
        found.push_back({std::string(name), *value});
        if (!cursor.at_end() && !is_blank(cursor.peek()) && cursor.peek() != '(') break;
        if (cursor.peek() == '(') cursor.until(")");
    }
    for (LogRegister& one : found) {
        if (registers.size() < max_registers) registers.push_back(std::move(one));
    }
}

// "GPR00: c000000000123456 c000... c000..." of powerpc, "Krnl GPRS: ..." of s390: one label for several
// registers
void read_register_row(std::string_view text, std::vector<LogRegister>& registers) {
    Cursor cursor(text);
    cursor.skip_blanks();
    std::string prefix;
    std::uint64_t number = 0;
    if (cursor.take("GPR")) {
        prefix = "r";
        number = cursor.number().value_or(0);
        if (!cursor.take(':')) return;
    } else if (cursor.take("Krnl GPRS:")) {
        prefix = "r";
    } else {
        return;
    }
    while (registers.size() < max_registers) {
        cursor.skip_blanks();
        const std::string_view digits = cursor.take_while(is_hex);
        const auto value = parse_u64(digits, 16);
        if (!value || digits.size() < 8) return;
        registers.push_back({prefix + std::to_string(number++), *value});
    }
}

void read_die_count(std::string_view text, LogEvent& event) {
    if (event.die_count) return;
    const std::size_t at = text.find("[#");
    if (at == npos) return;
    Cursor cursor(text.substr(at + 2));
    const auto number = cursor.number();
    if (number && *number < 1'000'000 && cursor.take(']')) event.die_count = static_cast<unsigned>(*number);
}

// "kernel BUG at mm/slub.c:123!", "WARNING: CPU: 0 PID: 1 at kernel/smp.c:912 f+0x1/0x2 [m]", "... context at
// f.c:1"
void read_place(std::string_view text, LogEvent& event) {
    static const Pattern at_source("at {src}");
    static const Pattern source_first("WARNING: {src} at ");
    auto match = at_source.find(text);
    if (!match) match = source_first.find(text);
    if (!match) return;
    event.source = (*match)[0];
    if (text.find("WARNING:") == npos) return;
    std::string_view rest = trimmed(text.substr(match->end));
    if (rest.starts_with("at ")) rest.remove_prefix(3);
    if (auto place = parse_location(rest)) event.ip = std::move(place);
}

struct FrameReader {
    bool started = false;
    bool done = false;

    void read(std::string_view text, LogEvent& event) {
        if (done) return;
        if (opens_call_trace(text)) {
            done = started && !event.frames.empty();
            started = true;
            return;
        }
        if (auto frame = parse_frame(text)) {
            started = true;
            if (event.frames.size() < max_frames) event.frames.push_back(std::move(*frame));
        } else if (started && !event.frames.empty() && text.find("---[ end trace") != npos) {
            done = true;
        }
    }
};

bool is_faulting(EventClass event_class) {
    return event_class <= EventClass::RustPanic || event_class == EventClass::Refcount ||
           event_class == EventClass::ListCorruption || event_class == EventClass::SoftLockup ||
           event_class == EventClass::HardLockup;
}

}  // namespace

AddressKind kind_of_address(std::uint64_t address) {
    const std::uint64_t high = address >> 32;
    if (address == 0) return AddressKind::Null;
    if (address < 0x10000) return AddressKind::NullOffset;
    if (address >= 0xfffffffffffff000 || (high == 0 && address >= 0xfffff000))
        return AddressKind::ErrorPointer;
    if (high == 0x6b6b6b6b || (high == 0 && address >> 8 == 0x6b6b6b)) return AddressKind::FreedPoison;
    if (high == 0x5a5a5a5a || (high == 0 && address >> 8 == 0x5a5a5a)) return AddressKind::UnusedPoison;
    if (high == 0xaaaaaaaa) return AddressKind::PagePoison;
    if (address >> 16 == 0xdead00000000 || (high == 0 && address >= 0x100 && address < 0x300)) {
        return AddressKind::ListPoison;
    }
    if (high == 0) return AddressKind::Unknown;  // 32 bits do not tell user from kernel
    const std::uint64_t top = address >> 47;
    if (top == 0) return AddressKind::User;
    if (top == 0x1ffff || address >> 48 == 0xffff || address >> 60 == 0xc) return AddressKind::Kernel;
    return AddressKind::NonCanonical;
}

std::string_view release_of_banner(std::string_view text) {
    constexpr std::string_view banner = "Linux version ";
    if (!text.starts_with(banner)) return {};
    Cursor cursor(text.substr(banner.size()));
    const std::string_view release = cursor.word();
    return !release.empty() && is_digit(release.front()) ? release : std::string_view();
}

void read_details(const Report& report, LogEvent& event) {
    read_headline_task(report.headline(), event);
    read_place(report.headline(), event);
    FrameReader frames;
    bool registers_done = false;
    for (std::size_t i = 0; i < report.own_lines; ++i) {
        const std::string_view text = report.lines[i].text;
        read_fault_address(text, event);
        read_task_line(text, event);
        read_die_count(text, event);
        if (!event.ip) event.ip = parse_instruction_pointer(text);
        // Only the first block of registers is the kernel's; user space's may follow at the end of the trace.
        const std::size_t before = event.registers.size();
        if (!registers_done) {
            read_registers(text, event.registers);
            read_register_row(text, event.registers);
        }
        if (event.registers.size() == before && before > 8 && opens_call_trace(text)) registers_done = true;
        frames.read(text, event);
        if (const std::size_t at = text.find("Hardware name: "); at != npos && event.hardware.empty()) {
            event.hardware = trimmed(text.substr(at + 15));
        }
    }
    if (event.ip && !is_faulting(event.event_class) && event.event_class != EventClass::Warning) {
        // A warning's or a lockdep report's registers may be those of user space's system call.
        if (event.event_class == EventClass::Lockdep || event.event_class == EventClass::SleepInAtomic)
            event.ip.reset();
    }
    if (event.fault_address) event.address_kind = kind_of_address(*event.fault_address);
}

}  // namespace postmortem
