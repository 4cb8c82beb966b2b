#include "log/events/fault_address.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "log/match/literal_scanner.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

struct Label {
    std::string_view text;
    std::string_view only_with = {};  ///< other lines have the same words
};

// powerpc, behind every fault; the address that was wanted only where the instruction itself was.
constexpr std::string_view instruction = "Faulting instruction address: ";

// Sentences: arch/*/mm/fault.c
constexpr std::array<Label, 17> sentences = {{{"at virtual address "},
                                              {"dereference at "},
                                              {"paging request at "},
                                              {"dereference, address: "},
                                              {"page fault for address: "},
                                              {"non-canonical address "},
                                              {"maybe for address "},
                                              {"for data at address "},   // powerpc up to 5.2
                                              {" on read at ", "BUG: "},  // powerpc since 5.3
                                              {" on write at ", "BUG: "},
                                              {"Kernel NULL pointer dereference at "},
                                              {"unaligned access at ", "nable to handle"},
                                              {"Unhandled fault at "},    // arm64
                                              {") at 0x", "Unhandled "},  // arm, arm64
                                              {"(Addr=", "Code="},        // parisc
                                              {"at addr ", "Code="},
                                              {"at virtual kernel address "}}};  // s390 up to 3.x

// Registers and what stands in front of the page tables.
constexpr std::array<Label, 14> registers = {{{"ailing address: "},      // s390
                                              {"badaddr: ", "cause: "},  // riscv
                                              {"DAR: "},                 // powerpc
                                              {"DEAR: "},
                                              {"   dar: "},  // xmon
                                              {"BadVA : "},  // mips
                                              {"BADV: "},    // loongarch
                                              {" BadVA: "},
                                              {"CR2: ", "CR4"},  // x86
                                              {"CR2: ", "CR0"},
                                              {"FAR: 0x", "FAR"},  // arm64
                                              {instruction},
                                              {"excvaddr: "},  // xtensa
                                              {"IOR: "}}};     // parisc

std::optional<std::uint64_t> value_at(std::string_view text) {
    Cursor cursor(text);
    cursor.skip_blanks();
    if (cursor.take("(null)") || cursor.take("<NULL>")) return 0;
    cursor.take("0x");
    const std::string_view digits = cursor.take_while(is_hex);
    // A screen or a pager cut the line: padded addresses are of 8 or 16 digits.
    const bool is_padded = digits.size() > 1 && digits.front() == '0';
    if (is_padded && digits.size() != 8 && digits.size() != 16) return std::nullopt;
    return parse_u64(digits, 16);
}

constexpr std::string_view kasan = "KASAN: ", fetch = "instruction fetch";

// One pass over a line instead of one for each label: most lines have none.
const LiteralScanner& label_scanner() {
    static const LiteralScanner scanner([] {
        std::vector<std::string_view> all;
        for (const Label& label : sentences) all.push_back(label.text);
        for (const Label& label : registers) all.push_back(label.text);
        all.push_back(kasan);
        all.push_back(fetch);
        return all;
    }());
    return scanner;
}
constexpr std::size_t first_register = sentences.size(),
                      instruction_bit =
                          first_register +
                          static_cast<std::size_t>(
                              std::find_if(registers.begin(), registers.end(),
                                           [](const Label&label) { return label.text == instruction; }) -
                              registers.begin()),
                      kasan_bit = first_register + registers.size(), fetch_bit = kasan_bit + 1;

// `first` is the bit of the labels' first one.
template <std::size_t N>
std::optional<std::uint64_t> find_labelled(std::string_view text, const std::array<Label, N>& labels,
                                           const LiteralScanner::Found& found, std::size_t first) {
    for (std::size_t i = 0; i < N; ++i) {
        const Label& label = labels[i];
        if (!found.test(first + i)) continue;
        if (!label.only_with.empty() && text.find(label.only_with) == npos) continue;
        if (const auto value = value_at(text.substr(text.find(label.text) + label.text.size()))) return value;
    }
    return std::nullopt;
}

// "[00000010] *pgd=00000000", "[0000000000000010] pgd=...", "[...] user address but active_mm is swapper"
std::optional<std::uint64_t> before_page_tables(std::string_view text) {
    Cursor cursor(text);
    if (!cursor.take('[')) return std::nullopt;
    const std::string_view digits = cursor.take_while(is_hex);
    if ((digits.size() != 8 && digits.size() != 16) || !cursor.take("] ")) return std::nullopt;
    cursor.take('*');
    if (!cursor.take("pgd") && !cursor.take("user address but") && !cursor.take("address between"))
        return std::nullopt;
    return parse_u64(digits, 16);
}

// "KASAN: null-ptr-deref in range [0x0000000000000010-0x0000000000000017]"
std::optional<std::uint64_t> kasan_range(std::string_view text) {
    constexpr std::string_view words = " in range [";
    const std::size_t at = text.find(words);
    if (at == npos) return std::nullopt;
    return value_at(text.substr(at + words.size()));
}

// include/uapi/asm-generic/errno{-base,}.h: those that functions hand back; also EPROBE_DEFER and its like.
bool is_common_error(std::uint64_t error) {
    static constexpr std::array<std::uint16_t, 46> common = {
        1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 16, 17,  18,  19,  20,  21,  22,  23,  24,
        25, 27, 28, 29, 30, 32, 34, 36, 38, 61, 71, 74, 75, 84, 95, 105, 107, 110, 113, 116, 117, 121, 517};
    return std::find(common.begin(), common.end(), error) != common.end();
}

// An address of the last page is an error code with a member's offset, or NULL with an offset taken off
// (container_of(), list_entry()): the register that the offset was added to tells.
AddressKind kind_in_last_page(const LogEvent& event) {
    const bool narrow = *event.fault_address <= 0xffffffff;
    const std::uint64_t top = narrow ? 0x100000000 : 0;  // wraps to 2^64
    std::optional<std::uint64_t> base;
    bool has_null = false;
    for (const LogRegister& reg : event.registers) {
        has_null = has_null || reg.value == 0;
        const bool in_page = reg.value >= (narrow ? 0xfffff000 : 0xfffffffffffff000);
        if (reg.name == "ORIG_RAX" || reg.name == "CR2" || !in_page || reg.value > *event.fault_address)
            continue;
        if (!base || reg.value > *base) base = reg.value;
    }
    if (!base || !has_null) return AddressKind::ErrorPointer;
    const std::uint64_t off = top - *base;
    const bool is_offset = off % (narrow ? 4 : 8) == 0;
    return is_offset && !is_common_error(off) ? AddressKind::NullMinusOffset : AddressKind::ErrorPointer;
}

}  // namespace

AddressKind kind_of_address(std::uint64_t address) {
    const std::uint64_t high = address >> 32;
    if (address == 0) return AddressKind::Null;
    if (address < 0x10000) return AddressKind::NullOffset;
    if (address >= 0xfffffffffffff000 || (high == 0 && address >= 0xfffff000))
        return AddressKind::ErrorPointer;
    // A member's offset may have been added to the poison.
    if (high == 0x6b6b6b6b || (high == 0 && address >> 16 == 0x6b6b)) return AddressKind::FreedPoison;
    if (high == 0x5a5a5a5a || (high == 0 && address >> 16 == 0x5a5a)) return AddressKind::UnusedPoison;
    if (high == 0xaaaaaaaa) return AddressKind::PagePoison;
    if (address >> 16 == 0xdead00000000) return AddressKind::ListPoison;
    if (high == 0) return AddressKind::Unknown;  // 32 bits do not tell user from kernel
    if (address >> 47 == 0) return AddressKind::User;
    if (address >> 48 == 0xffff || address >> 60 == 0xc) return AddressKind::Kernel;
    return AddressKind::NonCanonical;
}

void FaultAddressReader::read(std::string_view text) {
    LiteralScanner::Found found = label_scanner().find(text);
    if (found.any()) {
        fetched_ = fetched_ || found.test(fetch_bit);
        if (!said_) said_ = find_labelled(text, sentences, found, 0);
        if (!fetched_) found.reset(instruction_bit);
        if (!shown_) shown_ = find_labelled(text, registers, found, first_register);
        if (!unshadowed_ && found.test(kasan_bit)) unshadowed_ = kasan_range(text);
    }
    if (!shown_) shown_ = before_page_tables(text);
}

void FaultAddressReader::settle(LogEvent& event) const {
    switch (event.event_class) {
        // A general protection fault leaves CR2 as the last page fault set it.
        case EventClass::NullDereference:
        case EventClass::PageFault:
        case EventClass::UnhandledFault:
        case EventClass::AlignmentFault:
        case EventClass::BusError:
        case EventClass::Oops: event.fault_address = said_ ? said_ : shown_; break;
        default: event.fault_address = said_;
    }
    if (unshadowed_) event.fault_address = unshadowed_;
    if (!event.fault_address) return;
    event.address_kind = kind_of_address(*event.fault_address);
    if (event.address_kind == AddressKind::ErrorPointer) event.address_kind = kind_in_last_page(event);
}

}  // namespace postmortem
